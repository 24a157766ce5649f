%% What the bench of the sweep runs on its target: a crowd, a ping-pong, and two sweeps as other tools make them.
-module(target).
-export([crowd/1, ping/0, round_trips/0, pids/1, plant/1, per_process/0, etop/0, switches/0, held/2]).

%% N processes that wait, and 30 among them that work ten times a second.
crowd(N) ->
    Each = max(1, N div 30),
    lists:foreach(fun(I) when I rem Each =:= 0 -> spawn(fun busy/0); (_) -> spawn(timer, sleep, [infinity]) end, lists:seq(1, N)).

busy() ->
    receive after 100 -> lists:sum(lists:seq(1, 1000)) end,
    busy().

%% A ping to another process each millisecond; round_trips() takes how long they took since: {p50, p99} in ns.
ping() ->
    register(ping, spawn(fun() -> Echo = spawn_link(fun echo/0), ping(Echo, []) end)).

echo() ->
    receive {From, Ref} -> From ! Ref end,
    echo().

ping(Echo, Took) ->
    receive {take, From} -> From ! {took, lists:sort(Took)}, ping(Echo, [])
    after 1 ->
        Ref = make_ref(),
        Start = erlang:monotonic_time(nanosecond),
        Echo ! {self(), Ref},
        receive Ref -> ok end,
        ping(Echo, [erlang:monotonic_time(nanosecond) - Start | Took])
    end.

round_trips() ->
    ping ! {take, self()},
    receive {took, Took} ->
        N = length(Took),
        case N of 0 -> {0, 0}; _ -> {lists:nth((N + 1) div 2, Took), lists:nth(max(1, N * 99 div 100), Took)} end
    end.

pids(N) -> lists:sublist(processes(), N).

%% The process in the middle of all gets a mailbox.
plant(Messages) ->
    All = processes(),
    P = lists:nth(length(All) div 2, All),
    [P ! hot || _ <- lists:seq(1, Messages)],
    P.

%% recon:proc_count/2 and observer_cli: each process for itself, and what is found in a list; then the first 20.
per_process() ->
    in_its_own(fun() ->
        Found = [{V, P, Who} || P <- processes(),
            [{_, V}, {_, _} = Name, {_, _} = Now, {_, _} = Call] <-
                [process_info(P, [message_queue_len, registered_name, current_function, initial_call])],
            Who <- [[Name, Now, Call]]],
        {length(Found), lists:sublist(lists:reverse(lists:keysort(1, Found)), 20)}
    end).

%% etop: all that was collected is sent to who asked. {} where runtime_tools is missing.
etop() ->
    case code:ensure_loaded(observer_backend) of
        {module, _} -> in_its_own(fun() ->
            observer_backend:etop_collect(self()),
            receive {_, Collected} -> {1, Collected} end
        end);
        _ -> {}
    end.

%% {N, bytes in the external format} of what such a process found.
in_its_own(Fun) ->
    {Pid, Monitor} = spawn_monitor(fun() -> {N, Found} = Fun(), exit({N, erlang:external_size(Found)}) end),
    receive {'DOWN', Monitor, process, Pid, Result} -> Result end.

switches() -> element(1, statistics(context_switches)).

%% The sweep of a keeper is held, or let go: what it has linked but the connection.
held(Keeper, IsHeld) ->
    {_, Links} = process_info(Keeper, links),
    Ours = [P || P <- Links, is_pid(P), node(P) =:= node()] ++ [Keeper],
    case IsHeld of
        true -> register(holder, spawn(fun() -> [catch erlang:suspend_process(P) || P <- Ours], receive go -> ok end end));
        %% Who suspended them ends, and with it all that it suspended.
        false ->
            Monitor = monitor(process, holder),
            holder ! go,
            receive {'DOWN', Monitor, _, _, _} -> ok end
    end,
    ok.
