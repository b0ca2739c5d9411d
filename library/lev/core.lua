---@meta lev.core

-- The types of lev.core, the low-level table on which one can build a wrapper
-- of one's own. Here nothing waits but yield_to_loop, wait_readable,
-- wait_writable and timer_sleep: methods of sockets try once.

---@class lev.core
local core = {}

---@class lev.core.loop

---Makes a loop.
---@param options? lev.RunOptions
---@return lev.core.loop loop
---@nodiscard
function core.loop_new(options) end

---Runs until all coroutines have ended, or it is stopped.
---@param loop lev.core.loop
---@param on_complete? fun(co: thread, ok: boolean, ...) Hears of each end.
---@return true? ok
---@return any err
function core.loop_run(loop, on_complete) end

---Ends the run; the coroutines that are left are closed.
---@param loop lev.core.loop
function core.loop_stop(loop) end

---The loop is of no more use.
---@param loop lev.core.loop
function core.loop_destroy(loop) end

---What `lev.stats` gives, for the coroutines of this loop.
---@param loop lev.core.loop
---@return lev.Stats stats
---@nodiscard
function core.loop_stats(loop) end

---Hands a new coroutine to the loop; it begins with these values.
---@param loop lev.core.loop
---@param co thread
---@param ... any
function core.spawn(loop, co, ...) end

---Waits for what `ready_enqueue` passes, for a registered timer (true), or for
---`cancel_wait` (nil, "cancelled").
---@async
---@return any ...
function core.yield_to_loop() end

---The coroutine's yield_to_loop, this one or the next, returns these values.
---@param loop lev.core.loop
---@param co thread
---@param ... any
---@return boolean alive
function core.ready_enqueue(loop, co, ...) end

---Waits until a descriptor can be read.
---@async
---@param fd lev.Descriptor
---@param timeout? number
---@return true? ready
---@return string? err
function core.wait_readable(fd, timeout) end

---Waits until a descriptor can be written.
---@async
---@param fd lev.Descriptor
---@param timeout? number
---@return true? ready
---@return string? err
function core.wait_writable(fd, timeout) end

---Forgets a descriptor, before it is closed.
---@param fd lev.Descriptor
function core.fd_deregister(fd) end

---Waits for some time.
---@async
---@param seconds number
---@return true? slept
---@return "cancelled"? err
function core.timer_sleep(seconds) end

---Has yield_to_loop return true when the time is over.
---@param seconds number
---@return integer timer_id
function core.timer_register(seconds) end

---The coroutine's wait returns nil, "cancelled": any, or that for `fd`, or
---that with the timer, which is removed.
---@param co thread
---@param fd? lev.Descriptor
---@param timer_id? integer
---@return boolean cancelled
function core.cancel_wait(co, fd, timer_id) end

---The time in seconds, monotonic or virtual.
---@return number seconds
---@nodiscard
function core.now() end

---Reads a certificate and its key, as lev.tls_identity does.
---@param cert_path string
---@param key_path string
---@param hostname? string
---@return lev.TlsIdentity? identity
---@return string? err
---@nodiscard
function core.tls_parse_identity(cert_path, key_path, hostname) end

---Calls a function, in a task of its own, for each such signal.
---@param signum integer
---@param fn fun(signum: integer)|nil
---@return true? ok
---@return string? err
function core.signal_setup(signum, fn) end

-- Sockets whose methods never wait: "EAGAIN" or "EINPROGRESS" instead.

---What all of them share.
---@class lev.core.socket
local Socket = {}

---Gives the socket its own address.
---@param host string
---@param port integer
---@return true? ok
---@return string? err
function Socket:bind(host, port) end

---Sets an option of the socket.
---@param name lev.SocketOption
---@param value boolean|number|string
---@return true? ok
---@return string? err
function Socket:setsockopt(name, value) end

---The value of an option of the socket.
---@param name lev.SocketOption
---@return boolean|number|string|nil value
---@return string? err
---@nodiscard
function Socket:getsockopt(name) end

---The socket's own address.
---@return string? host
---@return integer|string port # Or the error.
---@nodiscard
function Socket:getsockname() end

---Its descriptor; -1 once it is closed.
---@return integer fd
---@nodiscard
function Socket:fd() end

---Closes it.
---@return true
function Socket:close() end

---@class lev.core.tcp: lev.core.socket
local Tcp = {}

---Makes a TCP socket.
---@param family? "inet"|"inet6"
---@return lev.core.tcp? socket
---@return string? err
---@nodiscard
function core.tcp_new(family) end

---Begins to connect.
---@param host string
---@param port integer
---@return true? ok
---@return string? err
function Tcp:connect(host, port) end

---What has become of it, once the socket can be written.
---@return true? ok
---@return string? err
function Tcp:connect_finish() end

---Begins to listen.
---@param backlog? integer
---@return true? ok
---@return string? err
function Tcp:listen(backlog) end

---Takes a connection that is there.
---@return lev.core.tcp? socket
---@return string host # Of the peer; or the error.
---@return integer? port
function Tcp:accept() end

---Sends as much as there is room for.
---@param data string
---@return integer? nbytes
---@return string? err
function Tcp:send(data) end

---Receives what is there.
---@param maxlen integer
---@return string? data
---@return string? err
function Tcp:recv(maxlen) end

---Closes one direction, or both.
---@param how? "r"|"w"|"rw"
---@return true? ok
---@return string? err
function Tcp:shutdown(how) end

---The peer's address.
---@return string? host
---@return integer|string port # Or the error.
---@nodiscard
function Tcp:getpeername() end

---Puts TLS on the socket; the handshake is starttls_step's.
---@param config lev.TlsConfig
---@return boolean? ok
---@return string? err
function Tcp:starttls_init(config) end

---Goes on with the handshake as far as that is possible now. Once it is done,
---send and recv speak TLS.
---@return "done"|"want_read"|"want_write"|nil state
---@return string? err
function Tcp:starttls_step() end

---@class lev.core.udp: lev.core.socket
local Udp = {}

---Makes a UDP socket.
---@param family? "inet"|"inet6"
---@return lev.core.udp? socket
---@return string? err
---@nodiscard
function core.udp_new(family) end

---Sends a datagram.
---@param data string
---@param host string
---@param port integer
---@return integer? nbytes
---@return string? err
function Udp:sendto(data, host, port) end

---Receives a datagram that is there.
---@param maxlen integer
---@return string? data
---@return string host # Of the sender; or the error.
---@return integer? port
---@return "truncated"? cut # Its end was cut off.
function Udp:recvfrom(maxlen) end

-- Processes.

---@class lev.core.process
local Process = {}

---Starts a program; the options are those of `lev.exec`, without `pty`.
---@param path string
---@param argv? (string|number)[]
---@param opts? lev.ExecOptions
---@return lev.core.process? process
---@return string? err
---@return string? detail
function core.subprocess_spawn(path, argv, opts) end

---Reads what is there from its standard output.
---@param maxlen integer
---@return string? data
---@return string? err
function Process:read(maxlen) end

---Reads what is there from its standard error.
---@param maxlen integer
---@return string? data
---@return string? err
function Process:read_stderr(maxlen) end

---Writes as much as there is room for to its standard input.
---@param data string
---@return integer? nbytes
---@return string? err
function Process:write(data) end

---Ends its standard input.
---@return true
function Process:close_stdin() end

---Sends it a signal, SIGTERM if not given.
---@param signal? integer
---@return true? ok
---@return string? err
function Process:kill(signal) end

---How it has ended: an exit code, or nil and the signal that killed it.
---@return integer? code
---@return integer|string|nil signal # Or the error.
function Process:waitid_pidfd() end

---Its process id.
---@return integer pid
---@nodiscard
function Process:pid() end

---A descriptor that can be read when it has ended.
---@return integer fd
---@nodiscard
function Process:pidfd() end

---This end of its standard input; -1 if there is none.
---@return integer fd
---@nodiscard
function Process:stdin_fd() end

---This end of its standard output; -1 if there is none.
---@return integer fd
---@nodiscard
function Process:stdout_fd() end

---This end of its standard error; -1 if there is none.
---@return integer fd
---@nodiscard
function Process:stderr_fd() end

---Closes its streams, kills it if it has not ended, and reaps it.
---@return true
function Process:close() end

return core
