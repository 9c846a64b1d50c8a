// Pins FerretDB for .ci/ferretdb.sh; nothing is built from here.
module parley/ferretdb

go 1.24

require github.com/FerretDB/FerretDB v1.24.2
