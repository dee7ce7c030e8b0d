# SPDX-License-Identifier: Apache-2.0
# Sourced by tools that need Python packages: sets `python` to an interpreter that has tools/requirements.txt, which is
# installed into .build/venv unless it is there, by one tool at a time. FUNES_PYTHON names another interpreter. Returns 1
# where it cannot be had.
#   source tools/python_environment.sh ROOT || …
python=${FUNES_PYTHON:-$1/.build/venv/bin/python}
mkdir -p "$1/.build"
exec {installing}>"$1/.build/venv.lock"
flock "$installing"
if ! "$python" -c 'import gguf, safetensors, sentencepiece, tokenizers, torch, transformers' 2>/dev/null; then
  echo "installing tools/requirements.txt into .build/venv" >&2
  python=$1/.build/venv/bin/python
  python3 -m venv "$1/.build/venv" && "$1/.build/venv/bin/pip" install -q -r "$1/tools/requirements.txt" ||
    { exec {installing}>&-; return 1; }
fi
exec {installing}>&-
