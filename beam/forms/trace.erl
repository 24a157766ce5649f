%% Counts what a process receives, for so many milliseconds and at most so many messages, and sends the counts alone:
%% {ok, Counted, Left, Microseconds, Senders, Names}, or {error, Why}. Messages end here.
%%
%% Before OTP 27 the pattern of the trace of `receive` is the node's: it is taken only where it is the default, says
%% nothing new for any other process, and is put back by a process of its own if this one is killed. From OTP 27 on all
%% is in a session of its own, which ends with this process: Session names the functions of `trace` for it, so that they
%% are no news to older nodes.
fun(Us, Pid, Time, Most, Session) ->
    Self = self(),
    Spec = [{['$1', '$2', '_'], [{'=:=', {self}, {const, Pid}}], [{message, {{'$1', '$2'}}}]}, {'_', [], []}],
    Now = fun() -> erlang:monotonic_time(microsecond) end,
    Type = fun
        (Of) when is_integer(Of) -> 1; (Of) when is_float(Of) -> 2; (Of) when is_bitstring(Of) -> 3;
        (Of) when is_list(Of) -> 4; (Of) when is_tuple(Of) -> 5; (Of) when is_map(Of) -> 6; (Of) when is_pid(Of) -> 7;
        (Of) when is_port(Of) -> 8; (Of) when is_reference(Of) -> 9; (Of) when is_function(Of) -> 10
    end,
    Head = fun
        (Of) when is_atom(Of) -> Of;
        (Of) when is_tuple(Of), is_atom(element(1, Of)) -> {element(1, Of)};
        (Of) when is_tuple(Of), tuple_size(Of) > 0 -> {Type(element(1, Of))};
        (Of) -> Type(Of)
    end,
    Tag = fun
        ({'$gen_call', _, Of}) -> {'$gen_call', Head(Of)};
        ({'$gen_cast', Of}) -> {'$gen_cast', Head(Of)};
        (Of) -> Head(Of)
    end,
    Added = fun(Msg, From, Counts) ->
        Key = {case {From, Msg} of
            {{Node, undefined}, {'$gen_call', {Caller, _}, _}} when is_pid(Caller), node(Caller) =:= Node -> {Node, Caller};
            _ -> From
        end, Tag(Msg)},
        case Counts of
            #{Key := N} -> Counts#{Key := N + 1};
            _ when map_size(Counts) < 256 -> Counts#{Key => 1};
            _ -> maps:update_with([], fun(N) -> N + 1 end, 1, Counts)
        end
    end,
    Spent = fun(N) -> N band 15 =:= 0 andalso N + element(2, erlang:process_info(Self, message_queue_len)) >= Most end,
    Counted = fun(Off, Delivered) ->
        Start = Now(),
        Until = Start + Time * 1000,
        {N, Counts} = (fun Loop(N, Counts) ->
            Wait = (Until - Now() + 999) div 1000,
            case N >= Most orelse Wait =< 0 orelse Spent(N) of
                true -> {N, Counts};
                false ->
                    receive {trace, _, 'receive', Msg, From} -> Loop(N + 1, Added(Msg, From, Counts))
                    after Wait -> {N, Counts}
                    end
            end
        end)(0, #{}),
        Off(),
        Lasted = Now() - Start,
        Last = Delivered(),
        {All, Sums} = (fun Loop(M, Sums) when M >= Most -> {M, Sums};
            Loop(M, Sums) ->
                receive
                    {trace, _, 'receive', Msg, From} -> Loop(M + 1, Added(Msg, From, Sums));
                    {trace_delivered, _, Last} -> {M, Sums}
                end
        end)(N, Counts),
        Left = (fun Loop(M) ->
            receive {trace, _, 'receive', _, _} -> Loop(M + 1) after 0 -> M end
        end)(0),
        Pids = lists:sublist([From || {{{_, From}, _}, _} <- maps:to_list(Sums), is_pid(From)], 256),
        Names = registered(),
        Known = case length(Names) =< 2000 of
            true -> maps:with(Pids, maps:from_list(lists:zip(lists:map(fun erlang:whereis/1, Names), Names)));
            false -> #{}
        end,
        {ok, All, Left, Lasted, maps:to_list(Sums), Known}
    end,
    Us ! case Session of
        {Create, Destroy, Wait} ->
            In = apply(trace, Create, [trace, Self, []]),
            trace:recv(In, Spec, []),
            Told = try trace:process(In, Pid, true, ['receive']) of
                _ -> Counted(fun() -> trace:process(In, Pid, false, ['receive']) end,
                             fun() -> apply(trace, Wait, [In, Pid]) end)
            catch error:_ -> {error, undefined}
            end,
            apply(trace, Destroy, [In]),
            Told;
        [] ->
            case {erlang:trace_info(Pid, tracer), erlang:trace_info(Pid, flags), erlang:trace_info('receive', match_spec)} of
                {{_, []}, {_, []}, {_, true}} ->
                    %% It waits no longer than we can take, and is bound to nobody: what it puts back is the node's.
                    Keeper = spawn(fun() ->
                        Ref = monitor(process, Self),
                        receive {'DOWN', Ref, _, _, _} -> ok; {Self, done} -> ok after Time + 20000 -> ok end,
                        case erlang:trace_info('receive', match_spec) of
                            {_, Spec} -> erlang:trace_pattern('receive', true, []);
                            _ -> ok
                        end
                    end),
                    erlang:trace_pattern('receive', Spec, []),
                    Told = try erlang:trace(Pid, true, ['receive']) of
                        _ -> Counted(fun() -> erlang:trace(Pid, false, ['receive']) end,
                                     fun() -> erlang:trace_delivered(Pid) end)
                    catch error:_ -> {error, undefined}
                    end,
                    Gone = monitor(process, Keeper),
                    Keeper ! {Self, done},
                    receive {'DOWN', Gone, _, _, _} -> Told end;
                {undefined, _, _} -> {error, undefined};
                {{_, []}, {_, []}, {_, Pattern}} -> {error, match_spec};
                {{_, Tracer}, {_, Flags}, _} -> {error, Tracer, Flags}
            end
    end
end.
