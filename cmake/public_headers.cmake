# Which headers are public: what a plugin's author is told to include, listed here, and all that these include. Whatever is
# not reached is the product's own: it is not installed, and no build stamp depends on it. Also used without a project, by
# cmake -P and while installing.
cmake_policy(VERSION 3.23)
set(SLUICE_PUBLIC_HEADERS
    # A node, its tables, what control and workers say to one another.
    graph/byte_ring.hpp graph/driver.hpp graph/eal.hpp graph/engine.hpp graph/mailbox.hpp graph/slots.hpp
    graph/stable_array.hpp graph/wall_clock.hpp
    # The router that a plugin registers with.
    vnet/plugin/registry.hpp vnet/router.hpp vnet/device/random_mac.hpp vnet/handoff/flow_hash.hpp
    vnet/service/convert.hpp vnet/service/graph_text.hpp vnet/service/session_lists.hpp vnet/wire/*.hpp
    # Sessions that a feature keeps, looks for and ends; records for a collector.
    vnet/flow/search.hpp vnet/flow/session.hpp vnet/flow/tcp.hpp vnet/ipfix/elements.hpp vnet/ipfix/exporter.hpp
    # Methods, command lines, and a program's way to the daemon.
    api/file.hpp api/registry.hpp api/client/client.hpp api/grammar/grammar.hpp api/grammar/json.hpp
    api/grammar/render.hpp)
# For tests only: installed, but no part of the binary interface.
set(SLUICE_PUBLIC_TESTING_HEADERS
    api/config/configuration.hpp graph/testing/bench.hpp graph/testing/wait.hpp
    vnet/interface/testing/fake_device.hpp vnet/ip4/testing/net.hpp vnet/wire/testing/packets.hpp
    plugins/host/testing/command_lines.hpp plugins/host/testing/router_fixture.hpp)

# sluice_reach_headers(<out> <root> <header or pattern>...): these and all that they include, named from the top of the
# tree <root>, sorted. A generated x.pb.h stands as its x.proto.
function(sluice_reach_headers out root)
    set(todo)
    foreach(pattern ${ARGN})
        file(GLOB found RELATIVE ${root} ${root}/${pattern})
        if(NOT found)
            message(FATAL_ERROR "the public header '${pattern}' is not there; correct cmake/public_headers.cmake")
        endif()
        list(APPEND todo ${found})
    endforeach()
    set(reached)
    while(todo)
        list(POP_FRONT todo header)
        if(header IN_LIST reached)
            continue()
        endif()
        list(APPEND reached ${header})
        file(STRINGS ${root}/${header} lines REGEX "^#include \"")
        foreach(line ${lines})
            string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" included ${line})
            string(REGEX REPLACE "\\.pb\\.h$" ".proto" included ${included})
            list(APPEND todo ${included})
        endforeach()
    endwhile()
    list(SORT reached)
    set(${out} ${reached} PARENT_SCOPE)
endfunction()
