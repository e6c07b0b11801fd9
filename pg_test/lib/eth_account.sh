# shellcheck shell=bash
# Independent libraries of signatures, for suites that compare with them. To be sourced, after report.sh.
#
#   eth_account FOLDER             installs eth-account, PyNaCl (libsodium) and Milagro from PyPI into FOLDER/venv, unless they are there
#   python ..                      Python with it

# coincurve is libsecp256k1; without it eth-account computes in Python, which takes minutes.
python_packages=(eth-account==0.14.0 eth-keys==0.8.0 eth-hash==0.8.0 pycryptodome==3.24.1 coincurve==21.0.0
    PyNaCl==1.6.2 milagro_bls_binding==1.9.1)

eth_account() {
    python_folder=$1
    mkdir -p "$python_folder"
    if [ "$(cat "$python_folder/python.version" 2> /dev/null || true)" != "${python_packages[*]}" ]; then
        echo "installing ${python_packages[*]} into a venv .."
        rm -rf "$python_folder/venv"
        python3 -m venv "$python_folder/venv"
        "$python_folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "${python_packages[@]}"
        echo "${python_packages[*]}" > "$python_folder/python.version"
    fi
}

python() {
    "$python_folder/venv/bin/python" -B "$@"
}
