// The same kind of pipeline, written with the typed builder.
//   loom run -f examples/builder/pipeline.ts
//   loom compile examples/builder/pipeline.ts        prints it as YAML, for kubectl and GitOps
import { parallel, param, pipeline, process, step } from 'loom-operator'

const currencies = ['eur', 'usd']

export default pipeline('orders', { params: { minimum: { type: 'integer', default: 10 } } }, [
  process('load', [
    parallel(
      ...currencies.map((currency, i) =>
        step(`orders-${currency}`, {
          sources: {
            rows: {
              rows: {
                values: [
                  { id: 1, amount: 5 * (i + 1) },
                  { id: 2, amount: 25 },
                ],
              },
            },
          },
          sql: `SELECT id, amount, '${currency}' AS currency FROM rows WHERE amount >= ${param('minimum')}`,
          target: { temp: { name: 'orders', append: true } },
        }),
      ),
    ),
    step('orders', {
      sources: { orders: { temp: { name: 'orders' } } },
      target: { table: { ref: 'demo.orders' } },
    }),
  ]),
])
