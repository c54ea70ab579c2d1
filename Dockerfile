# syntax=docker/dockerfile:1
# One image for the operator and for the steps' pods: Node and the libraries as package-lock.json pins them, the compiled program,
# the engine's extension for S3, the examples. No shell, no package manager; runs as a user without rights, with a read-only root.
#
#   make image                                          for this machine's architecture
#   docker buildx build --platform linux/amd64,linux/arm64 .      for both: nothing is run in emulation
#
# Everything that is built is the same for all architectures, so it is built on the builder's; only prebuilt binaries differ, and
# npm, pip and apt pick those.

ARG BUILD_BASE=docker.io/library/node:24-bookworm-slim
ARG FETCH_BASE=docker.io/library/python:3.13-slim-bookworm
ARG RUN_BASE=gcr.io/distroless/cc-debian12:nonroot

FROM --platform=$BUILDPLATFORM ${BUILD_BASE} AS program
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --prefer-offline --no-audit --no-fund --no-update-notifier
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run --silent build && find dist \( -name '*.d.ts' -o -name '*.map' \) -delete

FROM --platform=$BUILDPLATFORM ${BUILD_BASE} AS libraries
ARG TARGETARCH
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts/prune-image.mjs scripts/
RUN case "${TARGETARCH:-amd64}" in amd64) cpu=x64 ;; arm64) cpu=arm64 ;; *) echo "no Node for ${TARGETARCH}" >&2; exit 1 ;; esac \
 && npm ci --omit=dev --os=linux --cpu="$cpu" --libc=glibc \
      --ignore-scripts --prefer-offline --no-audit --no-fund --no-update-notifier \
 && npm pkg delete devDependencies \
 && npm sbom --sbom-format=cyclonedx > sbom.json \
 && node scripts/prune-image.mjs "$cpu" \
 && rm -rf scripts

FROM --platform=$BUILDPLATFORM ${FETCH_BASE} AS files
ARG TARGETARCH
WORKDIR /files
COPY scripts/image-extensions.txt ./
RUN case "${TARGETARCH:-amd64}" in amd64) cpu=x86_64 ;; arm64) cpu=aarch64 ;; *) echo "no engine for ${TARGETARCH}" >&2; exit 1 ;; esac \
 && python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-cache-dir --no-compile \
      --require-hashes --no-deps --only-binary :all: --platform "manylinux2014_$cpu" --target packages -r image-extensions.txt \
 && mkdir extensions \
 && mv packages/*/extensions/*/*.duckdb_extension extensions/
RUN arch="${TARGETARCH:-amd64}" \
 && dpkg --add-architecture "$arch" \
 && apt-get update -qq \
 && apt-get download -qq "tini:$arch" \
 && dpkg-deb --extract tini_*.deb init

FROM ${RUN_BASE}
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="loom-operator" \
      org.opencontainers.image.description="Declarative ETL for Kubernetes and laptops: the operator and the pods of its steps" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
WORKDIR /app
COPY --from=libraries /app /app
COPY --from=files /files/init/usr/bin/tini /usr/bin/tini
COPY --from=files /files/extensions /app/extensions
COPY --from=program /app/dist /app/dist
COPY LICENSE /app/
COPY examples /app/examples
# A derived image may copy more extensions of the engine there.
ENV NODE_ENV=production LOOM_EXTENSIONS=/app/extensions
USER 65532:65532
# The kernel keeps a signal from a container's first process until that asks for it, and Node asks late: what is told to stop while
# it starts would not hear it.
ENTRYPOINT ["/usr/bin/tini", "--", "/app/node_modules/.bin/node", "/app/dist/cli/main.js"]
CMD ["--help"]
