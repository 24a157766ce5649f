%% What the allocators hold, once: {At, Took, Total, Sizes}, times in us, Total as erlang:memory(total) has it, and of each
%% allocator {Name, Sizes} as erlang:system_info({allocator_sizes, Name}) has it.
fun() ->
    At = erlang:monotonic_time(microsecond),
    Total = try erlang:memory(total) catch _:_ -> [] end,
    Sizes = [{A, try erlang:system_info({allocator_sizes, A}) catch _:_ -> [] end}
             || A <- erlang:system_info(alloc_util_allocators)],
    {At, erlang:monotonic_time(microsecond) - At, Total, Sizes}
end.
