-- With OpenSSL's programs and curl at the other end, in both directions and
-- both versions. Tests lev/lua/lua_tls.cc.

local lev = require "lev"
local net = require "net_support"
local tls = require "tls_support"

local VERSIONS = { ["1.2"] = "-tls1_2", ["1.3"] = "-tls1_3" }

-- `openssl s_server` on a port of its own.
local function s_server(options)
  local pem = tls.pem("server")
  local program = tls.start(("openssl s_server -accept 127.0.0.1:0 -cert %s " ..
    "-key %s %s"):format(pem.cert, pem.key, options))
  return program, math.tointeger(program:expect("ACCEPT [^\n]*:(%d+)\n"))
end

local function connect(port, more)
  return assert(lev.connect("127.0.0.1", port,
    { timeout = 20, tls = tls.client(more) }))
end

-- A server of ours, to which `openssl s_client` connects; `handler` gets the
-- socket after the handshake, and the program.
local function s_client(options, config, handler)
  local listener, port = net.listen()
  local program = tls.start(("openssl s_client -connect 127.0.0.1:%d " ..
    "-CAfile %s -servername localhost -verify_return_error %s"):format(
    port, tls.ca, options))
  local socket = assert(listener:accept(20))
  listener:close()
  local ok, err = socket:starttls(config or tls.server())
  if handler then
    assert.is_true(ok, err)
    handler(socket, program)
  end
  socket:close()
  program:stop()
  return program, err
end

-- Runs a body with the programs stopped in the end.
local function inside(body)
  local run = net.inside(body, 60)
  return function()
    local ok, err = pcall(run)
    tls.stop_programs()
    if not ok then error(err, 0) end
  end
end

for version, option in pairs(VERSIONS) do
  describe("With TLS " .. version, function()
    it("our client talks to s_server", inside(function()
      local program, port = s_server(option)
      local socket = connect(port)
      assert.equal("TLSv" .. version, socket:tls_info().version)
      socket:send("hello from lev\n")
      program:expect("(hello from lev)")
      program:write("hello from s_server\n")
      assert.equal("hello from s_server\n", (socket:recv_until("\n", 20)))
      -- It hangs up without a goodbye.
      program:write("Q\n")
      assert.same({ nil, "closed", "truncated" }, { socket:recv(10, 20) })
    end))

    it("s_client talks to our server", inside(function()
      s_client(option, nil, function(socket, program)
        assert.equal("TLSv" .. version, socket:tls_info().version)
        program:write("hello from s_client\n")
        assert.equal("hello from s_client\n", (socket:recv_until("\n", 20)))
        socket:send("hello from lev\n")
        program:expect("(hello from lev)")
        program:expect("(Verification: OK)")
        program:write("Q\n")
        assert.same({ nil, "closed" }, { socket:recv(10, 20) })
      end)
    end))

    it("s_server wants a certificate of our client", inside(function()
      local program, port = s_server(option .. " -Verify 2 -CAfile " .. tls.ca)
      local socket = connect(port, tls.pem("client"))
      socket:send("x\n")
      program:expect("CN = (client)")
      socket:close()
      local refused, err = lev.connect("127.0.0.1", port,
        { timeout = 20, tls = tls.client() })
      if refused then
        local _
        _, err = refused:recv(1, 20)
      end
      assert.matches("^tls alert: ", err)
    end))

    it("our server wants a certificate of s_client", inside(function()
      local config = tls.server { verify = true, cafile = tls.ca }
      local pem = tls.pem("client")
      s_client(("%s -cert %s -key %s"):format(option, pem.cert, pem.key),
        config, function(socket)
          assert.equal("CN=client", socket:tls_info().peer.subject)
        end)
      local _, err = s_client(option, config)
      assert.equal("tls handshake: peer did not return a certificate", err)
    end))

    it("our client resumes a session of s_server", inside(function()
      local _, port = s_server(option .. " -www")
      local function get()
        local socket = connect(port)
        socket:send("GET / HTTP/1.0\r\n\r\n")
        local page, err = net.read_all(socket, 20)
        assert.matches("Protocol", page)
        assert.equal("closed", err)
        local resumed = socket:tls_info().resumed
        -- It waits for our goodbye before it serves others.
        socket:close()
        return resumed
      end
      assert.is_false((get()))
      assert.is_true((get()))
      assert.is_true((get()))
    end))

    it("s_client resumes a session of our server", inside(function()
      local session = tls.path("session" .. version)
      s_client(option .. " -sess_out " .. session, nil,
        function(socket, program)
          assert.is_false(socket:tls_info().resumed)
          socket:send("x\n")
          program:expect("\n(x)\n")
          program:write("Q\n")
          socket:recv(1, 20)
        end)
      s_client(option .. " -sess_in " .. session, nil, function(socket)
        assert.is_true(socket:tls_info().resumed)
        assert.is_nil(socket:tls_info().peer)
      end)
    end))

    it("s_client meets our names and protocols", inside(function()
      local config = tls.server { alpn = { "h2" },
        hosts = { ["*.example.org"] = tls.pem("wild") } }
      local listener, port = net.listen()
      local program = tls.start(("openssl s_client -connect 127.0.0.1:%d " ..
        "-servername a.example.org -alpn h3,h2 %s"):format(port, option))
      local socket = assert(listener:accept(20))
      assert.is_true(socket:starttls(config))
      program:expect("subject=CN = (wild)")
      program:expect("ALPN protocol: (h2)")
    end))

    it("curl fetches from our server", inside(function()
      local page = ("lev"):rep(100000)
      local port = net.serve(function(socket)
        if not socket:starttls(tls.server { alpn = { "http/1.1" } }) then
          return
        end
        socket:recv_until("\r\n\r\n", 20)
        socket:send("HTTP/1.1 200 OK\r\nContent-Length: " .. #page ..
          "\r\n\r\n" .. page)
      end)
      local program = tls.start(("curl -sS --tlsv%s --tls-max %s --cacert " ..
        "%s --noproxy '*' https://127.0.0.1:%d/ -w '\\nstatus %%{http_code}'")
        :format(version, version, tls.ca, port))
      program:expect("\nstatus (200)")
      assert.is_true(program:output():sub(1, #page) == page)
    end))

    it("curl refuses a server that has expired", inside(function()
      local seen
      local port = net.serve(function(socket)
        seen = select(2, socket:starttls(tls.server({}, "expired")))
      end)
      local program = tls.start(("curl -sS --tlsv%s --tls-max %s --cacert " ..
        "%s --noproxy '*' https://127.0.0.1:%d/"):format(version, version,
        tls.ca, port))
      program:expect("(certificate has expired)")
      while not seen do lev.sleep(0.01) end
      assert.equal("tls alert: certificate expired", seen)
    end))
  end)
end

describe("A server that wants to begin anew", function()
  it("by a renegotiation is followed", inside(function()
    local program, port = s_server("-tls1_2")
    local socket = connect(port)
    for i = 1, 3 do
      local reader = lev.spawn(function()
        return socket:recv_until("\n", 20)
      end)
      program:write("r\n")
      program:expect_count("SSL_do_handshake", i)
      -- Both directions wait for the handshake, which one of them drives.
      assert(socket:send(("line %d\n"):format(i)))
      program:expect("(line " .. i .. ")")
      program:write("go on\n")
      assert.equal("go on\n", (reader:await()))
    end
  end))

  it("may ask for a certificate in it", inside(function()
    local program, port = s_server("-tls1_2 -CAfile " .. tls.ca)
    local socket = connect(port, tls.pem("client"))
    local reader = lev.spawn(function() return socket:recv_until("\n", 20) end)
    program:write("R\n")
    program:expect_count("SSL_do_handshake", 1)
    program:write("done\n")
    assert.equal("done\n", (reader:await()))
  end))

  it("by new keys is followed", inside(function()
    local program, port = s_server("-tls1_3 -msg")
    local socket = connect(port)
    for i, command in ipairs { "k", "K", "K", "k" } do
      program:write(command .. "\n")
      program:expect_count(">>> [^\n]*KeyUpdate", i)
      program:write("data\n")
      assert.equal("data\n", (socket:recv_until("\n", 20)))
      socket:send("answer\n")
    end
    program:expect_count("answer", 4)
    -- Ours, for those that asked for them.
    program:expect_count("<<< [^\n]*KeyUpdate", 2)
  end))
end)

describe("A client that wants to begin anew", function()
  it("by a renegotiation is refused, and lives", inside(function()
    s_client("-tls1_2", nil, function(socket, program)
      local reader = lev.spawn(function()
        return socket:recv_until("\n", 20)
      end)
      program:write("R\n")
      program:expect("(RENEGOTIATING)")
      local data = reader:await()
      -- s_client gives up when it is refused.
      assert.is_nil(data)
    end)
  end))

  it("by new keys is followed", inside(function()
    s_client("-tls1_3", nil, function(socket, program)
      for i, command in ipairs { "k", "K", "K" } do
        program:write(command .. "\n")
        program:expect_count("KEYUPDATE", i)
        program:write("data\n")
        assert.equal("data\n", (socket:recv_until("\n", 20)))
        socket:send("answer\n")
      end
      program:expect("answer.*answer.*(answer)")
    end)
  end))
end)

describe("A program that vanishes", function()
  it("is truncated, or reset", inside(function()
    local program, port = s_server("-tls1_3")
    local socket = connect(port)
    program:write("last\n")
    assert.equal("last\n", (socket:recv_until("\n", 20)))
    os.execute(("kill -9 %d"):format(program.pid))
    local data, err, detail = socket:recv(1, 20)
    assert.is_nil(data)
    assert.same({ "closed", "truncated" }, { err, detail })
  end))
end)
