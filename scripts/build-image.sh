#!/usr/bin/env bash
# Builds the image with the first engine that works here: docker, podman or buildah. Its name is the argument.
# The same commit gives the same image: times come from the commit. (docker needs its containerd image store for that.)
set -euo pipefail
cd "$(dirname "$0")/.."
name=$1

version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
arguments=(
  --build-arg "VERSION=$version"
  --build-arg "REVISION=$revision"
  --build-arg "CREATED=$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)"
  --tag "$name"
)

if docker info >/dev/null 2>&1; then
  docker buildx build --load "${arguments[@]}" .
elif command -v podman >/dev/null; then
  podman build --timestamp "$SOURCE_DATE_EPOCH" "${arguments[@]}" .
elif command -v buildah >/dev/null; then
  buildah build --timestamp "$SOURCE_DATE_EPOCH" "${arguments[@]}" .
else
  echo "cannot build the image: there is no docker, podman or buildah that works; install one of them" >&2
  exit 1
fi
echo "Built $name."
