%% What the tests look at: servers that call each other, a loop, a process with a name.
-module(subject).
-behaviour(gen_server).
-export([start/1, chain/1, init/1, handle_call/3, handle_cast/2, spin/0, idle/0, called/2, long/0, tick/0, flood/1, sink/1, sender/4, tracer/1, keeper/1, pushing/0, full/1, labelled/2, hub/1, feeding/0, unfed/0]).

%% A server with this name, that answers nobody or passes on.
start(Name) ->
    {ok, Pid} = gen_server:start({local, Name}, ?MODULE, Name, []),
    Pid.

%% Makes the first of these wait for the second one, and so on; the last one answers nobody.
chain([First | Rest]) -> gen_server:cast(First, {pass, Rest}).

init(Name) -> {ok, Name}.

handle_call({pass, [Next | Rest]}, _From, State) -> {reply, gen_server:call(Next, {pass, Rest}, infinity), State};
handle_call({pass, []}, _From, State) -> {noreply, State}.

handle_cast({pass, [Next | Rest]}, State) ->
    gen_server:call(Next, {pass, Rest}, infinity),
    {noreply, State}.

spin() -> spin().

idle() -> receive stop -> ok end.

%% A process that calls and has other monitors too, with so many items on its heap.
called(Others, N) ->
    Held = lists:seq(1, N),
    [monitor(process, Other) || Other <- Others],
    receive go -> ok end,
    gen_server:call(hd(Others), {pass, []}, infinity),
    length(Held).

%% Compares two terms of half a billion cells, of which few exist: one BIF of seconds, that does not yield.
long() -> doubled(29) =:= doubled(29).

doubled(N) -> lists:foldl(fun(_, Half) -> [Half, Half] end, [], lists:seq(1, N)).

tick() -> timer:sleep(2), tick().

%% Sends to a name of another node for ever.
flood(To) -> To ! binary:copy(<<"x">>, 50000), flood(To).

%% A process with this name, that takes what comes.
sink(Name) -> named(Name, spawn(fun taking/0)).

named(Name, Pid) -> register(Name, Pid), Pid.

taking() -> receive _ -> taking() end.

%% A process with this name, that sends so many once it is told to.
sender(Name, To, N, Message) ->
    named(Name, spawn(fun() -> receive go -> sent(To, Message, N), idle() end end)).

sent(_, _, 0) -> ok;
sent(To, Message, N) -> To ! Message, sent(To, Message, N - 1).

%% A process that traces another.
tracer(Of) -> spawn(fun() -> register(other_tracer, self()), erlang:trace(whereis(Of), true, [send]), idle() end).

%% A server with this state.
keeper(State) -> {ok, Pid} = gen_server:start(?MODULE, State, []), Pid.

%% A process that sends to a socket that nobody reads.
pushing() ->
    {ok, Listener} = gen_tcp:listen(0, [{active, false}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Listener),
    Pid = spawn(fun() -> {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, Port, []), push(Socket) end),
    %% The listener is that of whoever asks, and would end with it.
    gen_tcp:controlling_process(Listener, spawn(fun idle/0)),
    Pid.

push(Socket) -> gen_tcp:send(Socket, binary:copy(<<1>>, 100000)), push(Socket).

%% A process with so many messages in its mailbox.
full(N) ->
    Pid = spawn(fun idle/0),
    [Pid ! {message, M} || M <- lists:seq(1, N)],
    Pid.

%% A process with an entry in its dictionary.
labelled(Key, Value) -> ready(fun() -> put(Key, Value) end).

%% A process with so many links.
hub(N) -> ready(fun() -> [spawn_link(?MODULE, idle, []) || _ <- lists:seq(1, N)] end).

%% A process that has done this before anybody knows it.
ready(Do) ->
    Asker = self(),
    Pid = spawn(fun() -> Do(), Asker ! {ready, self()}, idle() end),
    receive {ready, Pid} -> Pid end.

%% A process that writes to a program that does not read.
feeding() -> spawn(fun() -> fed(open_port({spawn, "sleep 30"}, [])) end).

fed(Port) -> port_command(Port, binary:copy(<<1>>, 100000)), fed(Port).

%% Ends that program, which would else sleep on.
unfed() ->
    [os:cmd("kill " ++ integer_to_list(Pid)) || Port <- erlang:ports(), {name, "sleep 30"} <- [erlang:port_info(Port, name)],
                                                {os_pid, Pid} <- [erlang:port_info(Port, os_pid)]].
