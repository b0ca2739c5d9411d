#!/usr/bin/env lev
-- An echo over TLS, with a certificate made on the spot: lev tls_echo.lua
-- The client trusts that certificate and nothing else, and verifies that it is
-- for the host which it wanted to talk to.

local lev = require "lev"

-- The paths of a certificate for localhost, and its key, which are removed when
-- the task ends.
local function make_certificate()
  local base = os.tmpname()
  local cert, key = base .. ".crt", base .. ".key"
  lev.defer(function()
    for _, path in ipairs { base, cert, key } do os.remove(path) end
  end)
  local made = assert(lev.exec_capture("openssl", {
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
    "-nodes", "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert,
  }, { timeout = 60 }))
  assert(made.code == 0, made.stderr)
  return cert, key
end

local function serve(listener, identity)
  while true do
    local socket <close> = assert(listener:accept())
    if socket:starttls { mode = "server", identity = identity } then
      for line in socket:lines { keep = true } do socket:send(line) end
    end
  end
end

local result, err = lev.run(function()
  local cert, key = make_certificate()
  local identity = assert(lev.tls_identity(cert, key, "localhost"))
  local listener = lev.own(assert(lev.listen("localhost", 0)))
  local _, port = listener:getsockname()
  local server = lev.spawn(function() serve(listener, identity) end)

  local socket = lev.own(assert(lev.connect("localhost", port, {
    timeout = 10, tls = { cafile = cert } })))
  socket:send("hello, in secret\n")
  io.write(socket:recv_until("\n", 10))
  local info = socket:tls_info()
  print(info.version, info.cipher:match("GCM") or info.cipher:match("POLY1305"),
        info.verified and "verified")
  socket:close()

  print(lev.connect("localhost", port, { timeout = 10, tls = {
    cafile = cert, server_name = "example.org" } }))
  server:cancel()
  return true
end)
os.exit(result or error(err, 0))
