#!/bin/sh
# build.sh TORCH OUT: an installation in OUT that is TORCH (a torch package of 2.11 or later, with its headers), whose CUDA
# library is the fake one.
set -e
torch=$(realpath "$1") here=$(dirname "$(realpath "$0")")
mkdir -p "$2/torch/lib"
out=$(realpath "$2")
for file in "$torch"/lib/lib*.so*; do ln -sf "$file" "$out/torch/lib/"; done
rm -f "$out/torch/lib/libtorch_cuda.so"
ln -sf "$torch/version.py" "$out/torch/"
if [ -d "$torch/../nvidia" ]; then ln -sfn "$(realpath "$torch/../nvidia")" "$out/nvidia"; fi
g++ -std=c++20 -O1 -fPIC -shared -isystem "$torch/include" "$here/device.cpp" -o "$out/torch/lib/libtorch_cuda.so" \
  -L"$torch/lib" -lc10 -ltorch_cpu
