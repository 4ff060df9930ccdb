.PHONY: check test race bench soak build cross

check: ## what CI runs
	.ci/run

test:
	go test ./...

race: ## everything, the long tests too; needs a C compiler
	CGO_ENABLED=1 go test -race -shuffle=on -timeout 30m ./...

bench: ## the numbers of docs/performance.md
	go test -run "^$$" -bench . ./bot/... ./store/... ./cmd/...

soak: ## the tests that kill, cut, guess and flood, as long as they can; hours
	TONGLUO_SOAK=1 go test -count 10 -timeout 6h ./schedule ./store
	TONGLUO_SOAK=1 go test -count 1 -timeout 24h ./schedule/roster ./bot/... ./cmd/...

# The release. Nothing but the runtime, SQLite and what draws and reads pictures
# is inlined: the rest would add 1.5 MB (docs/performance.md says for what).
INLINED = runtime internal/... sync/... compress/... image/... golang.org/x/image/... github.com/makiuchi-d/... modernc.org/...
RELEASE = -trimpath -tags nethttpomithttp2 -gcflags=all=-l $(INLINED:%=-gcflags=%=) -ldflags="-s -w -funcalign=8"
OUT    ?= dist/tongluo

build: ## the program as it is released; OUT, GOOS and GOARCH say where and for what
	CGO_ENABLED=0 go build $(RELEASE) -o $(OUT) ./cmd/tongluo

cross: ## the same for three systems
	$(MAKE) build GOOS=linux GOARCH=arm64 OUT=dist/tongluo-linux-arm64
	$(MAKE) build GOOS=linux GOARCH=amd64 OUT=dist/tongluo-linux-amd64
	$(MAKE) build GOOS=windows GOARCH=amd64 OUT=dist/tongluo.exe
