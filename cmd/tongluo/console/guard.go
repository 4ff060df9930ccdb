package console

import (
	"net"
	"net/http"
)

// mostBody is more than any form of ours sends.
const mostBody = 8 << 10

// policy forbids everything but our own sheet, pictures and forms: there is no
// script to allow.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard is what stands before every answer: headers, the host that was asked
// for, where a form came from, and how long it may be.
func guard(next http.Handler) http.Handler {
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "这个请求不是从控制台的页面发出的，没有执行。", http.StatusForbidden)
	}))
	safe := sameOrigin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !ourHost(r) {
			http.Error(w, "请用 http://127.0.0.1 加端口打开控制台。", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, mostBody)
		safe.ServeHTTP(w, r)
	})
}

// ourHost reports whether the browser asked for this PC by a loopback address or
// as localhost, at the port it came in by. A name that somebody has pointed at
// 127.0.0.1 (DNS rebinding) is not ours.
func ourHost(r *http.Request) bool {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = r.Host, "80"
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	if _, at, err := net.SplitHostPort(local.String()); err != nil || at != port {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
