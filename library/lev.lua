---@meta lev

-- The types of lev for the Lua language server (LuaCATS annotations): put this
-- directory into the setting `workspace.library`. What the functions do is in
-- docs/LUA_API.md; a test holds both to the code.

---@class lev
---@field _VERSION string
---@field op lev.op
---@field coroutine lev.coroutine
local lev = {}

-- Waiting.

---@class lev.WaitOptions
---@field timeout? number Seconds.
---@field cancel? lev.Token

---How long a call may wait: seconds, a table, or nothing.
---@alias lev.Wait number|lev.WaitOptions|nil

---A descriptor: its number, a file of the io library, or an object with a
---method `fd`.
---@alias lev.Descriptor
---| integer | file* | lev.Socket | lev.Listener | lev.Datagram | lev.File
---| lev.core.socket | {fd: fun(self: any): integer}

-- Running.

---@class lev.RunOptions
---@field poller? "epoll"|"io_uring"|"fake" "fake": in memory, in virtual time.
---@field seed? integer Permutes what may legally run in any order.
---@field slow? number Seconds without suspending that a warning is worth.

---Makes an event loop, runs `fn` as the main task, and returns when all tasks
---have ended: what `fn` returned, or nil, its error and a traceback.
---@param fn fun(): ...
---@param opts? lev.RunOptions
---@return any result # Or nil.
---@return any ... # More results; or the error and a traceback.
function lev.run(fn, opts) end

---A run that its owner turns.
---@class lev.Run
local Run = {}

---Runs who is ready; if nobody is, waits for at most so long.
---@param seconds? number 0; math.huge: a deadlock ends the run.
---@return boolean goes_on
function Run:step(seconds) end

---The descriptor that is readable when a step is due; nil in virtual time.
---@return integer? fd
---@nodiscard
function Run:fd() end

---The lev.now() at which a step is due at the latest, or math.huge.
---@return number seconds
---@nodiscard
function Run:next_deadline() end

---What lev.run would have returned. Raises before the end.
---@return any result # Or nil.
---@return any ... # More results; or the error and a traceback.
function Run:results() end

---Ends the run: its tasks are aborted.
function Run:close() end

---Begins a run that the caller's own loop turns.
---@param fn fun(): ...
---@param opts? lev.RunOptions
---@return lev.Run? run # Or nil.
---@return string? err
function lev.start(fn, opts) end

---Ends the run now; its tasks are aborted.
function lev.stop() end

---The time in seconds, monotonic or virtual.
---@return number seconds
---@nodiscard
function lev.now() end

-- Tasks.

---@alias lev.TaskStatus "pending"|"done"|"failed"|"cancelled"|"aborted"

---@class lev.SpawnOptions
---@field detached? boolean Its error is logged at once.
---@field name? string

---A handle of a task.
---@class lev.Task
---@field id integer
---@field name? string
---@field status lev.TaskStatus
---@field runs integer How often it was begun or gone on with.
local Task = {}

---Begins `fn` as a task, which runs when its turn comes.
---@param fn fun(): ...
---@param opts? lev.SpawnOptions
---@return lev.Task task
function lev.spawn(fn, opts) end

---Waits for a task to end. Returns its results; or nil and its error, with a
---traceback or the reason of a cancellation.
---@async
---@param task lev.Task
---@param wait? lev.Wait
---@return any result # Or nil.
---@return any ... # More results; or the error and more about it.
function lev.await(task, wait) end

---Waits for some time.
---@async
---@param seconds number
---@param cancel? lev.Token|{cancel: lev.Token?}
---@return true? slept
---@return "cancelled"? err
function lev.sleep(seconds, cancel) end

---Lets all others run first.
---@async
function lev.yield() end

---Names the running task, or asks for its name.
---@param name? string
---@return string? name
function lev.task_name(name) end

---Like `lev.await`.
---@async
---@param wait? lev.Wait
---@return any result # Or nil.
---@return any ... # More results; or the error and more about it.
function Task:await(wait) end

---Like `lev.await`.
---@async
---@param wait? lev.Wait
---@return any result # Or nil.
---@return any ... # More results; or the error and more about it.
function Task:join(wait) end

---Asks the task to end: what it waits in raises an error.
---@param reason? any
function Task:cancel(reason) end

---Destroys the task where it stands.
function Task:abort() end

---Whether it has ended.
---@return boolean ended
---@nodiscard
function Task:done() end

---Whether it has ended.
---@return boolean ended
---@nodiscard
function Task:is_finished() end

---How it ended: true and its results; false, its error and more; or nil and
---"pending".
---@return boolean? ok
---@return any ...
---@nodiscard
function Task:result() end

---Has its error logged as soon as it fails.
---@return lev.Task self
function Task:detach() end

---Seconds since it was spawned, until it ended.
---@return number seconds
---@nodiscard
function Task:elapsed() end

-- Channels.

---@class lev.ChannelStats
---@field capacity number
---@field size integer
---@field senders integer
---@field receivers integer
---@field closed boolean

---Hands messages from task to task.
---@class lev.Channel
---@overload fun(): any
---@operator len: integer
local Channel = {}

---Makes a channel that holds so many messages; 0: sender and receiver meet;
---math.huge: no limit.
---@param capacity? number|{capacity: number?}
---@return lev.Channel channel
---@nodiscard
function lev.channel(capacity) end

---Sends a message, or fails with "closed", "timeout" or "cancelled".
---@async
---@param message any
---@param wait? lev.Wait
---@return true? sent
---@return string? err
function Channel:send(message, wait) end

---Sends a message if that can be done at once.
---@param message any
---@return true? sent
---@return "full"|"closed"|nil err
function Channel:try_send(message) end

---Receives a message, or nil and "closed", "timeout" or "cancelled".
---@async
---@param wait? lev.Wait
---@return any message
---@return string? err
function Channel:recv(wait) end

---Receives a message if there is one.
---@return any message
---@return "empty"|"closed"|nil err
function Channel:try_recv() end

---Ends it: nothing new is sent, what is inside is still received.
---@return true closed
function Channel:close() end

---Receives in a loop, until it is closed or a message is nil.
---@return fun(): any
---@nodiscard
function Channel:iter() end

---Counts messages and waiting tasks.
---@return lev.ChannelStats stats
---@nodiscard
function Channel:stats() end

-- Locks and meetings.

---Has one holder, a task.
---@class lev.Mutex
local Mutex = {}

---Makes a mutex.
---@return lev.Mutex mutex
---@nodiscard
function lev.mutex() end

---Waits until the task holds it.
---@async
---@param wait? lev.Wait
---@return true? done
---@return string? err
function Mutex:lock(wait) end

---Takes it if it is free.
---@return true? locked
---@return "busy"? err
function Mutex:try_lock() end

---Lets it go; the task holds it.
---@return true unlocked
function Mutex:unlock() end

---Calls a function while holding it, and returns its results.
---@async
---@param fn fun(...: any): ...
---@param ... any
---@return any ...
function Mutex:with(fn, ...) end

---Many read, or one writes.
---@class lev.RwLock
local RwLock = {}

---Makes a read-write lock.
---@return lev.RwLock rwlock
---@nodiscard
function lev.rwlock() end

---Waits until the task may read.
---@async
---@param wait? lev.Wait
---@return true? done
---@return string? err
function RwLock:read_lock(wait) end

---Waits until the task may write.
---@async
---@param wait? lev.Wait
---@return true? done
---@return string? err
function RwLock:write_lock(wait) end

---Takes it for reading if that is possible.
---@return true? locked
---@return "busy"? err
function RwLock:try_read_lock() end

---Takes it for writing if that is possible.
---@return true? locked
---@return "busy"? err
function RwLock:try_write_lock() end

---Lets it go; the task holds it.
---@return true unlocked
function RwLock:unlock() end

---Wakes tasks that wait for what a mutex guards.
---@class lev.Condition
local Condition = {}

---Makes a condition.
---@param mutex lev.Mutex
---@return lev.Condition condition
---@nodiscard
function lev.condition(mutex) end

---Unlocks the mutex, waits for a notice, and locks it again.
---@async
---@param wait? lev.Wait
---@return true? done
---@return string? err
function Condition:wait(wait) end

---Wakes so many, 1 by default.
---@param n? integer
---@return integer woken
function Condition:notify(n) end

---Wakes all.
---@return integer woken
function Condition:notify_all() end

---A number of permits.
---@class lev.Semaphore
local Semaphore = {}

---Makes a semaphore.
---@param permits integer
---@return lev.Semaphore semaphore
---@nodiscard
function lev.semaphore(permits) end

---Waits for permits, 1 by default.
---@async
---@param n? integer
---@param wait? lev.Wait
---@return true? done
---@return string? err
function Semaphore:acquire(n, wait) end

---Takes permits if there are so many.
---@param n? integer
---@return true? locked
---@return "busy"? err
function Semaphore:try_acquire(n) end

---Gives permits back.
---@param n? integer
---@return true released
function Semaphore:release(n) end

---How many are free.
---@return integer permits
---@nodiscard
function Semaphore:available() end

---A flag.
---@class lev.Event
local Event = {}

---Makes an event that is not set.
---@return lev.Event event
---@nodiscard
function lev.event() end

---Lets all go on who wait, and who come later.
---@return true set
function Event:set() end

---Holds up those who come later.
---@return true cleared
function Event:clear() end

---Whether it is set.
---@return boolean set
---@nodiscard
function Event:is_set() end

---Waits until it is set.
---@async
---@param wait? lev.Wait
---@return true? done
---@return string? err
function Event:wait(wait) end

---A number of things to be done.
---@class lev.WaitGroup
local WaitGroup = {}

---Makes a wait group.
---@return lev.WaitGroup group
---@nodiscard
function lev.waitgroup() end

---Adds to the count, 1 by default.
---@param n? integer
---@return integer count
function WaitGroup:add(n) end

---Takes one off the count.
---@return integer count
function WaitGroup:done() end

---How many are left.
---@return integer count
---@nodiscard
function WaitGroup:count() end

---Waits until the count is 0.
---@async
---@param wait? lev.Wait
---@return true? done
---@return string? err
function WaitGroup:wait(wait) end

---Where a number of tasks wait for one another.
---@class lev.Barrier
local Barrier = {}

---Makes a barrier.
---@param parties integer
---@return lev.Barrier barrier
---@nodiscard
function lev.barrier(parties) end

---Waits until all have come.
---@async
---@param wait? lev.Wait
---@return integer? number # As which of them.
---@return string? err
function Barrier:wait(wait) end

---Ticks.
---@class lev.Interval
---@overload fun(): integer
local Interval = {}

---Begins to tick now.
---@param seconds number
---@param opts? {missed: "skip"|"burst"|"delay"|nil}
---@return lev.Interval interval
---@nodiscard
function lev.interval(seconds, opts) end

---Waits for the next tick.
---@async
---@param wait? lev.Wait
---@return integer? tick
---@return string? err
function Interval:wait(wait) end

---Ticks in a loop.
---@return fun(): integer
---@nodiscard
function Interval:iter() end

-- Cancelling.

---Ends, when it is cancelled, the waits that it was given to.
---@class lev.Token
---@field cancelled boolean
---@field reason? any
local Token = {}

---Makes a token.
---@return lev.Token token
---@nodiscard
function lev.cancel_token() end

---Ends the waits that it was given to, for good.
---@param reason? any
function Token:cancel(reason) end

---Whether it was cancelled.
---@return boolean cancelled
---@nodiscard
function Token:is_cancelled() end

---Raises the error of a cancelled task if it was cancelled.
function Token:check() end

---Makes a token that is cancelled with this one.
---@return lev.Token token
---@nodiscard
function Token:child() end

---Waits until it is cancelled.
---@async
---@param wait? lev.Wait
---@return true? cancelled
---@return any reason # Or why the wait ended.
function Token:wait(wait) end

-- Scopes.

---Tasks that end together.
---@class lev.Scope
---@field name? string
---@field deadline? number As `lev.now` counts.
local Scope = {}

---@class lev.ScopeOptions
---@field name? string
---@field on_error? "cancel"|"collect" What a child's error does to the others.
---@field timeout? number Seconds for the whole scope.
---@field deadline? number As `lev.now` counts.

---Calls `fn` with a scope, and returns its results when all tasks of the scope
---have ended.
---@async
---@overload fun(fn: fun(scope: lev.Scope): ...): any, ...
---@overload fun(opts: lev.ScopeOptions?): lev.Scope
---@param opts lev.ScopeOptions?
---@param fn fun(scope: lev.Scope): ...
---@return any result # Or nil.
---@return any ... # More results; or "cancelled", "timeout", a child's error.
function lev.scope(opts, fn) end

---Runs `fn` as a task with a scope of its own, which is cancelled after some
---time, and aborted after the grace period. Raises what `fn` raises.
---@async
---@param seconds number
---@param fn fun(scope: lev.Scope): ...
---@param opts? {grace: number?} The default is 1 second.
---@return any result # Or nil.
---@return any ... # More results; or "timeout", a child's error.
function lev.with_timeout(seconds, fn, opts) end

---Begins a task of this scope.
---@param fn fun(): ...
---@param opts? lev.SpawnOptions
---@return lev.Task task
function Scope:spawn(fn, opts) end

---Cancels the tasks of the scope, and what its body does.
---@param reason? any
function Scope:cancel(reason) end

---Makes a token that is cancelled with the scope.
---@return lev.Token token
---@nodiscard
function Scope:token() end

---Calls `fn` when the tasks of the scope have ended; it may suspend.
---@param fn fun()
function Scope:defer(fn) end

---Ends a scope made without a function; cancels any other.
---@async
---@return true? ok
---@return any err
---@return any ... # More of it.
function Scope:close() end

---What has become of it.
---@return "open"|"cancelled"|"closed" status
---@nodiscard
function Scope:status() end

---Keeps cancellations back while it calls `fn`.
---@async
---@param fn fun(...: any): ...
---@param ... any
---@return any ...
function lev.shield(fn, ...) end

---Lets all others run first, and raises a cancellation that is pending.
---@async
function lev.checkpoint() end

---The running task.
---@return lev.Task? task
---@nodiscard
function lev.current() end

---The running task's table of values; what it spawns gets a copy.
---@return table locals
---@nodiscard
function lev.locals() end

-- Several at once.

---Runs the functions as tasks; the first to end decides, and the others are
---cancelled.
---@async
---@param fns (fun(token: lev.Token): ...)[]
---@return any result # Or nil.
---@return any ... # More results; or the error.
function lev.race(fns) end

---Runs the functions as tasks, and returns the results of all; the first
---error cancels the rest.
---@async
---@param fns (fun(token: lev.Token): ...)[]
---@return any[][]? results
---@return any err
function lev.all(fns) end

-- Cleaning up.

---Has the resource closed when the task ends; a failure passes through.
---@generic T
---@param resource T
---@param ... any
---@return T resource
---@return any ...
function lev.own(resource, ...) end

---Takes back what `lev.own` was told.
---@generic T
---@param resource T
---@return T resource
function lev.disown(resource) end

---Calls a function when the task ends.
---@param fn fun()
function lev.defer(fn) end

-- Streams: TCP, UNIX sockets, pipes, terminals.

---@class lev.RecvUntilOptions: lev.WaitOptions
---@field plain? boolean The pattern is literal text.
---@field max_size? integer Bytes; 1 MiB if not given.

---@class lev.LinesOptions: lev.WaitOptions
---@field keep? boolean With their newlines.
---@field max_size? integer Bytes; 1 MiB if not given.

---@class lev.SendfileOptions: lev.WaitOptions
---@field offset? integer Where to begin; 0 if not given.
---@field count? integer The most bytes; to the end if not given.

---@class lev.PeerCredentials
---@field pid integer
---@field uid integer
---@field gid integer

---@alias lev.SwitchOption
---| "reuseaddr" | "reuseport" | "broadcast" | "keepalive" | "nodelay"
---| "fastopen_connect" | "v6only" | "multicast_loop"
---@alias lev.IntegerOption
---| "rcvbuf" | "sndbuf" | "rcvlowat" | "priority" | "mark" | "ttl" | "tos"
---| "keepalive_count" | "fastopen" | "multicast_ttl"
---@alias lev.SecondsOption
---| "linger" | "keepalive_idle" | "keepalive_interval" | "user_timeout"
---@alias lev.OtherOption "multicast_if"
---@alias lev.SocketOption
---| lev.SwitchOption | lev.IntegerOption | lev.SecondsOption | lev.OtherOption

---A connected stream of bytes: TCP, a UNIX socket, an end of a pipe.
---@class lev.Socket
local Socket = {}

---Sends all; several senders queue, each whole. A table of strings is sent as
---one. The timeout is 30 seconds if not given.
---@async
---@param data string|string[]
---@param wait? lev.Wait
---@return integer? nbytes
---@return string? err
---@return integer? sent # How much has gone, after an error.
function Socket:send(data, wait) end

---Sends (a part of) a file: a path, or an open one.
---@async
---@param file string|lev.Descriptor
---@param wait? number|lev.SendfileOptions
---@return integer? nbytes
---@return string? err
---@return integer? sent # How much has gone, after an error.
function Socket:sendfile(file, wait) end

---Sends copies of descriptors with the data (UNIX sockets).
---@async
---@param data string
---@param fds lev.Descriptor[]
---@param wait? lev.Wait
---@return integer? nbytes
---@return string? err
---@return integer? sent # How much has gone, after an error.
function Socket:send_fds(data, fds, wait) end

---Receives what is there, at least one byte and at most `maxlen`.
---@async
---@param maxlen integer
---@param wait? lev.Wait
---@return string? data
---@return string? err
---@return string? detail
function Socket:recv(maxlen, wait) end

---Receives `n` bytes.
---@async
---@param n integer
---@param wait? lev.Wait
---@return string? data
---@return string? err
---@return string? detail
function Socket:recv_exactly(n, wait) end

---Receives up to and including the first match of the Lua pattern.
---@async
---@param pattern string
---@param wait? number|lev.RecvUntilOptions
---@param max_size? integer
---@return string? data
---@return string? err
---@return string? detail
function Socket:recv_until(pattern, wait, max_size) end

---Receives data, and the descriptors that came along as objects.
---@async
---@param maxlen integer
---@param wait? lev.Wait
---@return string? data
---@return (lev.Socket|lev.Listener)[]|string fds # Or the error.
---@return "truncated"? lost # Some descriptors were lost.
function Socket:recv_fds(maxlen, wait) end

---Waits for `n` bytes, and leaves them there.
---@async
---@param n integer
---@param wait? lev.Wait
---@return string? data
---@return string? err
---@return string? detail
function Socket:peek(n, wait) end

---Puts data back: the next receive begins with it.
---@param data string
---@return true? ok
---@return string? err
function Socket:unread(data) end

---For a `for` loop over lines; all errors but the end of the stream are raised.
---@param wait? number|lev.LinesOptions
---@return async fun(): string? next_line
---@nodiscard
function Socket:lines(wait) end

---Gives a socket of `lev.tcp` its own address.
---@param host string
---@param port integer
---@return true? ok
---@return string? err
function Socket:bind(host, port) end

---Connects a socket of `lev.tcp` to an address.
---@async
---@param host string
---@param port integer
---@param wait? lev.Wait
---@return true? ok
---@return string? err
function Socket:connect(host, port, wait) end

---Makes a listener of a bound socket of `lev.tcp`, which is used up.
---@param backlog? integer
---@return lev.Listener? listener
---@return string? err
function Socket:listen(backlog) end

---Who is at the other end of a UNIX socket.
---@return lev.PeerCredentials? credentials
---@return string? err
---@nodiscard
function Socket:peer_credentials() end

---Closes one direction, or both.
---@param how? "r"|"w"|"rw"
---@return true? ok
---@return string? err
function Socket:shutdown(how) end

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

---The peer's address; of a UNIX socket its path, and 0.
---@return string? host
---@return integer|string port # Or the error.
---@nodiscard
function Socket:getpeername() end

---The socket's own address; of a UNIX socket its path, and 0.
---@return string? host
---@return integer|string port # Or the error.
---@nodiscard
function Socket:getsockname() end

---Its descriptor; -1 once it is closed.
---@return integer fd
---@nodiscard
function Socket:fd() end

---Closes it; who waits is told "socket is closed".
---@return true
function Socket:close() end

---@class lev.ConnectOptions: lev.WaitOptions
---@field local_addr? string An address of this machine, to connect from.
---@field tls? lev.TlsConfig

---Connects to a host over TCP: an address or a name, whose addresses are raced.
---@async
---@param host string
---@param port integer
---@param opts? number|lev.ConnectOptions
---@return lev.Socket? socket
---@return string? err
---@return string? detail
function lev.connect(host, port, opts) end

---Makes a TCP socket, to be bound, connected, or made a listener of.
---@param family? "inet"|"inet6"
---@return lev.Socket? socket
---@return string? err
---@nodiscard
function lev.tcp(family) end

---@class lev.ListenOptions
---@field reuseport? boolean
---@field backlog? integer 128 if not given.

---Accepts connections.
---@class lev.Listener
local Listener = {}

---Listens for TCP connections.
---@param host string
---@param port integer
---@param opts? lev.ListenOptions
---@return lev.Listener? listener
---@return string? err
---@nodiscard
function lev.listen(host, port, opts) end

---Waits for a connection.
---@async
---@param wait? lev.Wait
---@return lev.Socket? socket
---@return string host # Of the peer; or the error.
---@return integer? port
function Listener:accept(wait) end

---Sets an option of the listener.
---@param name lev.SocketOption
---@param value boolean|number|string
---@return true? ok
---@return string? err
function Listener:setsockopt(name, value) end

---The value of an option of the listener.
---@param name lev.SocketOption
---@return boolean|number|string|nil value
---@return string? err
---@nodiscard
function Listener:getsockopt(name) end

---Where it listens; in the UNIX domain its path, and 0.
---@return string? host
---@return integer|string port # Or the error.
---@nodiscard
function Listener:getsockname() end

---Its descriptor; -1 once it is closed.
---@return integer fd
---@nodiscard
function Listener:fd() end

---Closes it; who waits is told "socket is closed".
---@return true
function Listener:close() end

-- TLS.

---@class lev.TlsCredentials
---@field cert? string The path of a certificate and its chain, in PEM.
---@field key? string The path of its private key.
---@field identity? lev.TlsIdentity Both, parsed.

---@class lev.TlsConfig: lev.TlsCredentials, lev.WaitOptions
---@field mode? "client"|"server"
---@field server_name? string Whose certificate a client expects.
---@field verify? boolean On for clients, off for servers.
---@field cafile? string Whom one trusts; the system's authorities if not given.
---@field hosts? table<string, lev.TlsCredentials> By name, or "*.domain".
---@field alpn? string[] Protocols, the preferred first.
---@field min_version? "1.2"|"1.3"
---@field ciphers? string
---@field keylog? string A file for the secrets, for debugging.
---@field session? boolean Sessions may be resumed; on if not given.

---@class lev.TlsCertificate
---@field subject string
---@field issuer string
---@field serial string
---@field not_before integer Seconds since 1970.
---@field not_after integer
---@field fingerprint_sha256 string
---@field names string[]
---@field pem string

---@class lev.TlsInfo
---@field version string
---@field cipher string
---@field alpn? string
---@field server_name? string
---@field resumed boolean
---@field verified boolean
---@field peer? lev.TlsCertificate

---Puts TLS on the socket. If that fails, the socket is closed.
---@async
---@param config lev.TlsConfig
---@return true? ok
---@return string? err
---@return string? detail
function Socket:starttls(config) end

---What the TLS of the socket is like; nil without TLS.
---@return lev.TlsInfo? info
---@nodiscard
function Socket:tls_info() end

---A certificate and its key, parsed.
---@class lev.TlsIdentity
local TlsIdentity = {}

---Reads a certificate and its key, which must be for `hostname` if it is given.
---@param cert string A path.
---@param key string A path.
---@param hostname? string
---@return lev.TlsIdentity? identity
---@return string? err
---@nodiscard
function lev.tls_identity(cert, key, hostname) end

---Reads the files again, for the handshakes to come.
---@return true? ok
---@return string? err
function TlsIdentity:reload() end

---New session tickets get a new key.
---@return true? ok
---@return string? err
function TlsIdentity:rotate_ticket_keys() end

---What its certificate says.
---@return lev.TlsCertificate certificate
---@nodiscard
function TlsIdentity:info() end

-- Names.

---@class lev.ResolveOptions: lev.WaitOptions
---@field family? "inet"|"inet6"|"any"

---The addresses of a host name, IPv6 first.
---@async
---@param name string
---@param opts? number|lev.ResolveOptions
---@return string[]? addresses
---@return string? err
function lev.resolve(name, opts) end

---@class lev.ResolverOptions
---@field servers? string[] Addresses, with a port or without.
---@field search? string[] Domains appended to short names.
---@field timeout? number Seconds of the first try; 2 if not given.
---@field tries? integer How often each server is asked; 3 if not given.
---@field ndots? integer
---@field hosts_file? string|false

---Says how names are looked up from now on; without options, as the system
---does.
---@param opts? lev.ResolverOptions
---@return true? ok
---@return string? err
function lev.set_resolver(opts) end

-- UNIX sockets and descriptors.

---@class lev.UnixConnectOptions: lev.WaitOptions
---@field pass_fds? boolean Keep descriptors that are sent along.

---@class lev.UnixListenOptions
---@field backlog? integer 128 if not given.
---@field mode? integer The permissions of the file.
---@field pass_fds? boolean Keep descriptors that are sent along.

---Connects to a UNIX socket: a path, or "@name" in the abstract namespace.
---@async
---@param path string
---@param opts? number|lev.UnixConnectOptions
---@return lev.Socket? socket
---@return string? err
function lev.unix_connect(path, opts) end

---Listens at a path, whose file goes with the listener.
---@param path string
---@param opts? lev.UnixListenOptions
---@return lev.Listener? listener
---@return string? err
---@nodiscard
function lev.unix_listen(path, opts) end

---Makes a datagram socket of the UNIX domain, bound to a path if one is given.
---@param path? string
---@return lev.UnixDatagram? socket
---@return string? err
---@nodiscard
function lev.unix_dgram(path) end

---Makes a pipe.
---@return lev.Socket? reader
---@return lev.Socket|string writer # Or the error.
---@nodiscard
function lev.pipe() end

---Makes an object of a descriptor, which belongs to it from then on.
---@param fd integer
---@return lev.Socket|lev.Listener|lev.Datagram|nil object
---@return string? err
---@nodiscard
function lev.adopt(fd) end

---What the service manager has left open (LISTEN_FDS), and their names.
---@return (lev.Socket|lev.Listener)[]? objects
---@return string names # Separated by colons; or the error.
function lev.listen_fds() end

---Waits until a descriptor that is not lev's can be read.
---@async
---@param fd lev.Descriptor
---@param wait? lev.Wait
---@return true? ready
---@return string? err
function lev.wait_readable(fd, wait) end

---Waits until a descriptor that is not lev's can be written.
---@async
---@param fd lev.Descriptor
---@param wait? lev.Wait
---@return true? ready
---@return string? err
function lev.wait_writable(fd, wait) end

-- Datagrams.

---@class lev.Message
---@field data string
---@field addr? string
---@field port? integer
---@field truncated? true Its end was cut off.

---What UDP sockets and datagram sockets of the UNIX domain share.
---@class lev.Datagram
local Datagram = {}

---A UDP socket.
---@class lev.Udp: lev.Datagram
local Udp = {}

---A datagram socket of the UNIX domain.
---@class lev.UnixDatagram: lev.Datagram
local UnixDatagram = {}

---Makes a UDP socket, of the family of the first address unless one is given.
---@param family? "inet"|"inet6"
---@return lev.Udp? socket
---@return string? err
---@nodiscard
function lev.udp(family) end

---Takes back `connect`.
---@return true? ok
---@return string? err
function Datagram:disconnect() end

---Sends a datagram to whom the socket is connected.
---@async
---@param data string
---@param wait? lev.Wait
---@return integer? nbytes
---@return string? err
function Datagram:send(data, wait) end

---Sends many datagrams; each has an address unless the socket is connected.
---@async
---@param messages (lev.Message|{[1]: string, [2]: string?, [3]: integer?})[]
---@param wait? lev.Wait
---@return integer? count
---@return string? err
---@return integer? sent # How many have gone, after an error.
function Datagram:sendto_many(messages, wait) end

---Receives a datagram; "truncated" if its end was cut off.
---@async
---@param maxlen integer
---@param wait? lev.Wait
---@return string? data
---@return string? err # Or "truncated".
function Datagram:recv(maxlen, wait) end

---Waits for a datagram, and returns it with those that have come since.
---@async
---@param count integer The most of them.
---@param maxlen integer
---@param wait? lev.Wait
---@return lev.Message[]? messages
---@return string? err
function Datagram:recvfrom_many(count, maxlen, wait) end

---Sets an option of the socket.
---@param name lev.SocketOption
---@param value boolean|number|string
---@return true? ok
---@return string? err
function Datagram:setsockopt(name, value) end

---The value of an option of the socket.
---@param name lev.SocketOption
---@return boolean|number|string|nil value
---@return string? err
---@nodiscard
function Datagram:getsockopt(name) end

---Its descriptor; -1 once it is closed.
---@return integer fd
---@nodiscard
function Datagram:fd() end

---Closes it; who waits is told "socket is closed".
---@return true
function Datagram:close() end

---Gives the socket its own address; port 0 lets the system choose.
---@param host string
---@param port integer
---@return true? ok
---@return string? err
function Udp:bind(host, port) end

---Chooses the one to talk to; others are not heard.
---@param host string
---@param port integer
---@return true? ok
---@return string? err
function Udp:connect(host, port) end

---Sends a datagram.
---@async
---@param data string
---@param host string
---@param port integer
---@param wait? lev.Wait
---@return integer? nbytes
---@return string? err
function Udp:sendto(data, host, port, wait) end

---Receives a datagram and where it came from.
---@async
---@param maxlen integer
---@param wait? lev.Wait
---@return string? data
---@return string host # Or the error.
---@return integer? port
---@return "truncated"? cut # Its end was cut off.
function Udp:recvfrom(maxlen, wait) end

---Joins a multicast group.
---@param group string
---@param interface? string|integer Its name, number, or one of its addresses.
---@return true? ok
---@return string? err
function Udp:join(group, interface) end

---Leaves a multicast group.
---@param group string
---@param interface? string|integer Its name, number, or one of its addresses.
---@return true? ok
---@return string? err
function Udp:leave(group, interface) end

---The socket's own address.
---@return string? host
---@return integer|string port # Or the error.
---@nodiscard
function Udp:getsockname() end

---The address it is connected to.
---@return string? host
---@return integer|string port # Or the error.
---@nodiscard
function Udp:getpeername() end

---Gives the socket a path, whose file goes with it.
---@param path string
---@return true? ok
---@return string? err
function UnixDatagram:bind(path) end

---Chooses the one to talk to.
---@param path string
---@return true? ok
---@return string? err
function UnixDatagram:connect(path) end

---Sends a datagram.
---@async
---@param data string
---@param path string
---@param wait? lev.Wait
---@return integer? nbytes
---@return string? err
function UnixDatagram:sendto(data, path, wait) end

---Receives a datagram and where it came from.
---@async
---@param maxlen integer
---@param wait? lev.Wait
---@return string? data
---@return string path # Empty if the sender has none; or the error.
---@return "truncated"? cut # Its end was cut off.
function UnixDatagram:recvfrom(maxlen, wait) end

---Its path; empty if it has none.
---@return string? path
---@return string? err
---@nodiscard
function UnixDatagram:getsockname() end

---The path it is connected to.
---@return string? path
---@return string? err
---@nodiscard
function UnixDatagram:getpeername() end

-- Files.

---A number of bytes; `"l"`, a line; `"L"`, with its newline; `"a"`, all that is
---left; nothing, what comes.
---@alias lev.ReadFormat integer|"l"|"L"|"a"|nil

---@class lev.OpenOptions: lev.WaitOptions
---@field perm? integer # The permissions of a new file, less the umask; 420.

---An open file, read and written off the loop.
---@class lev.File
local File = {}

---Opens a file.
---@async
---@param path string
---@param mode? "r"|"w"|"a"|"x"|"r+"|"w+"|"a+"|"x+"|string
---@param wait? number|lev.OpenOptions
---@return lev.File? file
---@return string? err
---@nodiscard
function lev.open(path, mode, wait) end

---Reads; nil alone at the end of the file.
---@async
---@param what? lev.ReadFormat
---@param wait? lev.Wait
---@return string? data
---@return string? err
function File:read(what, wait) end

---An iterator over `read(what)`; raises errors.
---@param what? lev.ReadFormat # A line, if nothing is said.
---@param wait? lev.Wait # For each.
---@return fun(): string? next
---@nodiscard
function File:lines(what, wait) end

---Writes all; a table at the end is about the wait.
---@async
---@param ... string|number|lev.WaitOptions
---@return lev.File? file
---@return string? err
---@return integer? count # Written all the same.
function File:write(...) end

---Sets the position, or tells it.
---@async
---@param whence? "set"|"cur"|"end"
---@param offset? integer
---@param wait? lev.Wait
---@return integer? position
---@return string? err
function File:seek(whence, offset, wait) end

---How large it is.
---@async
---@param wait? lev.Wait
---@return integer? size
---@return string? err
---@nodiscard
function File:size(wait) end

---Makes it so large.
---@async
---@param size integer
---@param wait? lev.Wait
---@return true? ok
---@return string? err
function File:truncate(size, wait) end

---Waits until the disk has all of it.
---@async
---@param data_only? boolean # Not what only tells about the file.
---@param wait? lev.Wait
---@return true? ok
---@return string? err
function File:sync(data_only, wait) end

---Waits until nothing is on its way to the system.
---@async
---@param wait? lev.Wait
---@return true? ok
---@return string? err
function File:flush(wait) end

---As it was opened.
---@return string path
---@nodiscard
function File:path() end

---Its descriptor; -1 once it is closed.
---@return integer fd
---@nodiscard
function File:fd() end

---Closes it, off the loop; who waits is told "file is closed".
---@return true
function File:close() end

---@class lev.WriteFileOptions: lev.WaitOptions
---@field atomic? boolean # Replace the file; true.
---@field sync? boolean # Wait for the disk; true.
---@field perm? integer # Its permissions; as they were, or 420.

---@class lev.FileInfo
---@field size integer
---@field mtime number # Seconds since 1970.
---@field type "file"|"directory"|"fifo"|"socket"|"char"|"block"
---@field mode integer # The permissions.

---All of a file.
---@async
---@param path string
---@param wait? lev.Wait
---@return string? data
---@return string? err
---@nodiscard
function lev.read_file(path, wait) end

---Replaces a file by one that holds `data`.
---@async
---@param path string
---@param data string
---@param wait? number|lev.WriteFileOptions
---@return true? ok
---@return string? err
function lev.write_file(path, data, wait) end

---What is known of a file.
---@async
---@param path string
---@param wait? lev.Wait
---@return lev.FileInfo? info
---@return string? err
---@nodiscard
function lev.stat(path, wait) end

---Standard input: a socket, or a file if it is one; the same until it is closed.
---@return lev.Socket|lev.File|nil stream
---@return string? err
---@nodiscard
function lev.stdin() end

---Standard output: a socket, or a file if it is one.
---@return lev.Socket|lev.File|nil stream
---@return string? err
---@nodiscard
function lev.stdout() end

---Standard error: a socket, or a file if it is one.
---@return lev.Socket|lev.File|nil stream
---@return string? err
---@nodiscard
function lev.stderr() end

-- Processes.

---@class lev.FileStdio
---@field file string
---@field mode? "r"|"w"|"a"

---@alias lev.Stdio
---| "pipe" | "inherit" | "null" | lev.FileStdio | lev.Descriptor

---@class lev.ExecOptions
---@field cwd? string
---@field env? string[]|table<string, string> All of the child's environment.
---@field stdin? lev.Stdio
---@field stdout? lev.Stdio
---@field stderr? lev.Stdio
---@field stderr_to_stdout? boolean
---@field pgroup? boolean A process group of its own.
---@field uid? integer
---@field gid? integer
---@field rlimits? table<string, integer|number[]>
---@field pdeathsig? integer What it gets when this thread ends.
---@field pty? boolean|{rows: integer?, cols: integer?}

---@class lev.CaptureOptions: lev.ExecOptions, lev.WaitOptions
---@field stdin? string|lev.Stdio What the program is fed.
---@field max_size? integer Of each output; 16 MiB if not given.
---@field grace? number Seconds between SIGTERM and SIGKILL; 1 if not given.
---@field pty? nil

---@class lev.Captured
---@field code? integer
---@field signal? integer
---@field stdout string
---@field stderr string

---A child process.
---@class lev.Process
---@field stdin? lev.Socket
---@field stdout? lev.Socket
---@field stderr? lev.Socket
local Process = {}

---Starts a program.
---@param path string
---@param args? (string|number)[]
---@param opts? lev.ExecOptions
---@return lev.Process? process
---@return string? err
---@return string? detail
function lev.exec(path, args, opts) end

---Runs a program to its end, and returns what it said. When it is cut short,
---what it said until then comes after the error.
---@async
---@param path string
---@param args? (string|number)[]
---@param opts? lev.CaptureOptions
---@return lev.Captured? result
---@return string? err
---@return lev.Captured|string|nil partial
function lev.exec_capture(path, args, opts) end

---Sends to its standard input, like `lev.Socket.send`.
---@async
---@param data string|string[]
---@param wait? lev.Wait
---@return integer? nbytes
---@return string? err
---@return integer? sent # How much has gone, after an error.
function Process:send(data, wait) end

---Receives from its standard output, like `lev.Socket.recv`.
---@async
---@param maxlen integer
---@param wait? lev.Wait
---@return string? data
---@return string? err
function Process:recv(maxlen, wait) end

---Receives `n` bytes from its standard output.
---@async
---@param n integer
---@param wait? lev.Wait
---@return string? data
---@return string? err
function Process:recv_exactly(n, wait) end

---Receives from its standard output, like `lev.Socket.recv_until`.
---@async
---@param pattern string
---@param wait? number|lev.RecvUntilOptions
---@param max_size? integer
---@return string? data
---@return string? err
function Process:recv_until(pattern, wait, max_size) end

---Looks at its standard output, like `lev.Socket.peek`.
---@async
---@param n integer
---@param wait? lev.Wait
---@return string? data
---@return string? err
function Process:peek(n, wait) end

---The lines of its standard output, like `lev.Socket.lines`.
---@param wait? number|lev.LinesOptions
---@return async fun(): string? next_line
---@nodiscard
function Process:lines(wait) end

---Receives from its standard error.
---@async
---@param maxlen integer
---@param wait? lev.Wait
---@return string? data
---@return string? err
function Process:recv_stderr(maxlen, wait) end

---@class lev.ReadAllOptions: lev.WaitOptions
---@field max_size? integer Bytes; 64 MiB if not given.

---Receives its standard output to the end.
---@async
---@param wait? number|lev.ReadAllOptions
---@return string? data
---@return string? err
function Process:read_all(wait) end

---Waits for its end: an exit code, or nil and the signal that killed it.
---@async
---@param wait? lev.Wait
---@return integer? code
---@return integer|string|nil signal # Or the error.
function Process:wait(wait) end

---Ends its standard input.
---@return true? ok
---@return string? err
function Process:close_stdin() end

---Sends it a signal, SIGTERM if not given.
---@param signal? integer
---@return true? ok
---@return string? err
function Process:kill(signal) end

---Its process id.
---@return integer pid
---@nodiscard
function Process:pid() end

---Changes the size of its terminal.
---@param rows integer
---@param cols integer
---@return true? ok
---@return string? err
function Process:resize(rows, cols) end

---Closes its streams, kills it if it has not ended, and reaps it.
---@return true
function Process:close() end

-- Signals.

---Calls `handler`, as a task, for each such signal; nil takes all handlers
---back.
---@param signum integer
---@param handler fun(signum: integer)|nil
---@return true? ok
---@return string? err
function lev.on_signal(signum, handler) end

---Waits for a signal.
---@async
---@param signum integer
---@param wait? lev.Wait
---@return integer? signum
---@return string? err
function lev.wait_signal(signum, wait) end

---@type integer
lev.SIGHUP = 1
---@type integer
lev.SIGINT = 2
---@type integer
lev.SIGQUIT = 3
---@type integer
lev.SIGABRT = 6
---@type integer
lev.SIGKILL = 9
---@type integer
lev.SIGUSR1 = 10
---@type integer
lev.SIGUSR2 = 12
---@type integer
lev.SIGSEGV = 11
---@type integer
lev.SIGPIPE = 13
---@type integer
lev.SIGALRM = 14
---@type integer
lev.SIGTERM = 15
---@type integer
lev.SIGCHLD = 17
---@type integer
lev.SIGCONT = 18
---@type integer
lev.SIGSTOP = 19
---@type integer
lev.SIGTSTP = 20
---@type integer
lev.SIGTTIN = 21
---@type integer
lev.SIGTTOU = 22
---@type integer
lev.SIGURG = 23
---@type integer
lev.SIGXCPU = 24
---@type integer
lev.SIGXFSZ = 25
---@type integer
lev.SIGVTALRM = 26
---@type integer
lev.SIGWINCH = 28

-- Looking inside.

---@class lev.Stats
---@field active_coros integer
---@field registered_fds integer
---@field timer_count integer
---@field ready_count integer
---@field task_count integer

---Counters of the loop; nil outside a run.
---@return lev.Stats? stats
---@nodiscard
function lev.stats() end

---@class lev.TaskEntry
---@field id integer
---@field name? string
---@field status lev.TaskStatus
---@field detached boolean
---@field parent_id? integer
---@field co_status "suspended"|"running"|"normal"|"dead"

---@class lev.TaskWait
---@field on? string
---@field verb? string
---@field object? string
---@field since number For how many seconds.
---@field deadline? number In how many seconds it gives up.

---@class lev.TaskDumpEntry: lev.TaskEntry
---@field traceback? string
---@field spawned_at? string
---@field wait? lev.TaskWait

---Who is there; nil outside a run.
---@return lev.TaskEntry[]? tasks
---@nodiscard
function lev.task_tree() end

---Who is there, and what each waits for; nil outside a run.
---@return lev.TaskDumpEntry[]? tasks
---@nodiscard
function lev.task_dump() end

---Prints a dump of all tasks whenever the signal comes, SIGUSR1 if not given.
---@param format? "text"|"json"
---@param signum? integer
---@return true? ok
---@return string? err
function lev.enable_dump_signal(format, signum) end

---@alias lev.Logger fun(level: "error"|"warn"|"info", message: string)|table

---Says who hears of failures that nobody awaits; nil: standard error.
---@param logger lev.Logger|nil
function lev.set_logger(logger) end

return lev
