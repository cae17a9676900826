# Language, warnings, optimisation, sanitizers: what every target of the house is compiled with.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET default)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O3 -g1")

set(SLUICE_SANITIZE "" CACHE STRING "Sanitizers, comma separated: address,undefined or thread")
option(SLUICE_FUZZ "Build the libFuzzer targets (needs clang)" OFF)

find_program(SLUICE_CCACHE ccache)
if(SLUICE_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${SLUICE_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${SLUICE_CCACHE})
endif()

# Runs on any x86-64 of the last fifteen years (DPDK's own floor); hot nodes get wider builds of their own.
add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
                    $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow> -fno-omit-frame-pointer)
if(SLUICE_SANITIZE)
    add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all)
    # Unit tests wait longer for the compiler than they run: unoptimised, and with lines but no variables, they are compiled in
    # little more than half the time. Fuzzers and threads are to get far in theirs.
    if(SLUICE_FUZZ OR SLUICE_SANITIZE MATCHES "thread")
        add_compile_options(-O1)
    else()
        add_compile_options(-O0 -g1)
    endif()
    # DPDK's and gRPC's own structures are packed; alignment is checked by the wire views instead.
    if(SLUICE_SANITIZE MATCHES "undefined")
        add_compile_options(-fno-sanitize=alignment,vptr)
    endif()
    if(SLUICE_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # g++ says of each fence in Boost.Asio that it does not model it.
        add_compile_options(-Wno-tsan)
    endif()
    add_link_options(-fsanitize=${SLUICE_SANITIZE})
endif()
if(SLUICE_FUZZ)
    # Every library reports its coverage to the fuzzer, not just the target that calls it.
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
