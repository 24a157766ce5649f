%% Ports, each time it is asked with a number: {Number, At, Own, All, Looked, Queued, Moved}, times in us: those in which most
%% bytes wait, and those that moved most bytes since the question before, after them those that moved none, at most N of each;
%% of each port {Port, Queue, In, Out, MovedSince, Name, Owner, OwnerName, IsDist, Peer}, [] where something is not known.
%% Peer is [Address] where a socket has an address of its own alone: it listens, or is connected to nobody.
%% Of more than Most ports a run of Most is looked at, another one each time.
%% Bytes in and out of a socket are those of its own counters (inet:getstat/2); of other ports those of port_info/2.
fun(Us, N, Most) ->
    Counters = [recv_oct, send_oct],
    %% {Port, Queue, Stat} to {Port, Queue, In, Out}; a port that is closed has no queue.
    Rows = ets:match_spec_compile([
        {{'$1', {queue_size, '$2'}, {ok, [{recv_oct, '$3'}, {send_oct, '$4'}]}}, [],
         [{{'$1', '$2', '$3', '$4'}}]},
        {{'$1', {queue_size, '$2'}, '_'}, [], [{{'$1', '$2', [], []}}]}]),
    Sums = ets:match_spec_compile([{{'$1', '_', '$2', '$3'}, [{is_integer, '$2'}], [{{'$1', {'+', '$2', '$3'}}}]}]),
    Uncounted = ets:match_spec_compile([{{'$1', '_', [], '_'}, [], ['$1']}]),
    OtherSums = ets:match_spec_compile([{{'$1', {input, '$2'}, {output, '$3'}}, [], [{{'$1', {'+', '$2', '$3'}}}]}]),
    Waiting = ets:match_spec_compile([{{'_', '$1', '_', '_'}, [{'>', '$1', 0}], ['$_']}]),
    Moving = ets:match_spec_compile([{{'_', '$1'}, [{'>=', '$1', 0}], ['$_']}]),
    Second = ets:match_spec_compile([{{'_', '$1'}, [], ['$1']}]),
    First = ets:match_spec_compile([{{'$1', '_'}, [], ['$1']}]),
    Greatest = fun(Place, All) -> lists:sublist(lists:reverse(lists:keysort(Place, All)), N) end,
    One = fun(Port, Item) -> try element(2, erlang:port_info(Port, Item)) catch _:_ -> [] end end,
    Whole = fun({Port, Queue, In, Out}, Since, Links) ->
        Owner = One(Port, connected),
        Name = try element(2, process_info(Owner, registered_name)) catch _:_ -> [] end,
        Peer = case inet:peername(Port) of
            {ok, Address} -> Address;
            _ -> case inet:sockname(Port) of {ok, Here} -> [Here]; _ -> [] end
        end,
        Change = case lists:keyfind(Port, 1, Since) of {_, C} -> C; false -> [] end,
        {I, O} = case In of [] -> {One(Port, input), One(Port, output)}; _ -> {In, Out} end,
        {Port, Queue, I, O, Change, One(Port, name), Owner, Name,
         lists:keymember(Port, 2, Links), Peer}
    end,
    (fun Loop(Own, Before) ->
        receive
            Number when is_integer(Number) ->
                At = erlang:monotonic_time(microsecond),
                Ports = erlang:ports(),
                All = length(Ports),
                Looked = case All > Most of
                    true -> lists:sublist(lists:nthtail(erlang:phash2(At, All - Most + 1), Ports), Most);
                    false -> Ports
                end,
                Count = length(Looked),
                Queues = lists:zipwith(fun erlang:port_info/2, Looked, lists:duplicate(Count, queue_size)),
                Stats = lists:zipwith(fun inet:getstat/2, Looked, lists:duplicate(Count, Counters)),
                Said = ets:match_spec_run(lists:zip3(Looked, Queues, Stats), Rows),
                Sockets = ets:match_spec_run(Said, Sums),
                Others = ets:match_spec_run(Said, Uncounted),
                Ask = fun(Item) -> lists:zipwith(fun erlang:port_info/2, Others, lists:duplicate(length(Others), Item)) end,
                Totals = lists:append(Sockets, ets:match_spec_run(lists:zip3(Others, Ask(input), Ask(output)), OtherSums)),
                Keys = ets:match_spec_run(Totals, First),
                Values = ets:match_spec_run(Totals, Second),
                %% Of a port that was not there before, or was not looked at, it is not known.
                Since = case Before of
                    {Keys, Then} -> lists:zip(Keys, lists:zipwith(fun erlang:'-'/2, Values, Then));
                    {[], []} -> [];
                    {Old, Then} ->
                        Known = maps:from_list(lists:zip(Old, Then)),
                        Again = maps:with(Old, maps:from_list(Totals)),
                        Stayed = maps:keys(Again),
                        Was = lists:zipwith(fun erlang:map_get/2, Stayed, lists:duplicate(length(Stayed), Known)),
                        Is = lists:zipwith(fun erlang:map_get/2, Stayed, lists:duplicate(length(Stayed), Again)),
                        lists:zip(Stayed, lists:zipwith(fun erlang:'-'/2, Is, Was))
                end,
                Moved = Greatest(2, ets:match_spec_run(case Before of {[], []} -> Totals; _ -> Since end, Moving)),
                Links = erlang:system_info(dist_ctrl),
                Top = fun(Chosen) -> [Whole(Row, Since, Links) || Row <- Chosen] end,
                Queued = Top(Greatest(2, ets:match_spec_run(Said, Waiting))),
                Most1 = Top([lists:keyfind(P, 1, Said) || {P, _} <- Moved]),
                erlang:send(Us, {Number, At, Own, All, Count, Queued, Most1}, [noconnect]),
                Loop(Own + erlang:monotonic_time(microsecond) - At, {Keys, Values});
            _ ->
                Loop(Own, Before)
        end
    end)(0, {[], []})
end.
