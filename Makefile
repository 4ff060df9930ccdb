.PHONY: check test race bench soak cross

check: ## what CI runs
	.ci/run

test:
	go test ./...

race: ## everything, the long tests too; needs a C compiler
	CGO_ENABLED=1 go test -race -shuffle=on -timeout 30m ./...

bench: ## the numbers of docs/performance.md
	go test -run "^$$" -bench . ./bot/... ./store/... ./cmd/...

soak: ## the tests that kill, cut and flood, ten times over
	go test -count 10 -timeout 60m ./store/... ./bot/... ./cmd/...

cross:
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -tags nethttpomithttp2 -ldflags "-s -w" -o dist/tongluo-linux-arm64 ./cmd/tongluo
	CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -tags nethttpomithttp2 -ldflags "-s -w" -o dist/tongluo-linux-amd64 ./cmd/tongluo
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go build -trimpath -tags nethttpomithttp2 -ldflags "-s -w" -o dist/tongluo.exe ./cmd/tongluo
