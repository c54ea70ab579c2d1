// YAML for CRDs: a small node stands on one line. In the usual block style the nesting alone would make the files larger
// than a client-side `kubectl apply` takes. Texts that are more than words are quoted, so that every YAML reader agrees.
import { Document, isCollection, visit } from 'yaml'
import { otherReading } from '../yaml/ambiguous.ts'

/** Characters of JSON up to which a node goes on one line. */
const ONE_LINE = 400
const WORDS = /^[A-Za-z/][A-Za-z0-9./-]*(?: [A-Za-z0-9./-]+)*$/

/** Text of a plain value, ending with a line feed. */
export function crdText(value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false })
  visit(document, {
    Collection: (_, node, path) => {
      const isInside = path.some((parent) => isCollection(parent) && parent.flow === true)
      if (isInside || JSON.stringify(node).length <= ONE_LINE) node.flow = true
    },
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && (!WORDS.test(node.value) || otherReading(node.value) !== undefined))
        node.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({ lineWidth: 0, indentSeq: false, flowCollectionPadding: false })
}
