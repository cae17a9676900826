# The few shapes a target of the house can have. What plugins outside the tree use as well is in files of its own.
include(SluiceProto)
include(SluiceStamp)
include(SluicePlugin)
include(SluiceTest)
include(SluiceInstall)

# sluice_library(<name> SOURCES ... LIBS ... [PRIVATE_LIBS ...] [TESTING]): a shared library of a layer, aliased
# Sluice::<name>. Shared, so that the daemon and every plugin meet in one copy of each registry and of each message.
# PRIVATE_LIBS: those that its public headers do not show. TESTING: for our own tests, not installed.
function(sluice_library name)
    cmake_parse_arguments(ARG "TESTING" "" "SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
    add_library(sluice_${name} SHARED ${ARG_SOURCES})
    add_library(Sluice::${name} ALIAS sluice_${name})
    set_target_properties(sluice_${name} PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${SLUICE_SOVERSION})
    target_include_directories(sluice_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
    target_link_libraries(sluice_${name} PUBLIC ${ARG_LIBS} PRIVATE ${ARG_PRIVATE_LIBS})
    # Nobody puts another function in the place of one of ours at run time: calls inside the library may be inlined.
    target_compile_options(sluice_${name} PRIVATE -fno-semantic-interposition)
    if(NOT SLUICE_SANITIZE)
        target_link_options(sluice_${name} PRIVATE -Wl,-z,defs)
    endif()
    if(NOT ARG_TESTING)
        sluice_install_library(${name})
    endif()
endfunction()

# sluice_testing_library(<name> SOURCES ... LIBS ...): what tests of the layers above, and of plugins outside the tree, use
# of this one; static, aliased Sluice::<name>.
function(sluice_testing_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
    add_library(sluice_${name} STATIC ${ARG_SOURCES})
    add_library(Sluice::${name} ALIAS sluice_${name})
    target_include_directories(sluice_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
    target_link_libraries(sluice_${name} PUBLIC ${ARG_LIBS})
    sluice_install_testing_library(${name})
endfunction()

# sluice_hot_library(<name> SOURCES ... LIBS ...): a shared library of code that runs for every packet. Built for x86-64-v2
# like all else, and once more for v3 (AVX2) and v4 (AVX-512), each in the folder where the dynamic loader looks first on
# a processor that can run it (glibc-hwcaps, ld.so(8)). LIBS must bring Sluice::dpdk, which carries the option.
function(sluice_hot_library name)
    sluice_library(${name} ${ARGN})
    if(SLUICE_SANITIZE OR SLUICE_FUZZ)
        return()
    endif()
    foreach(level v3 v4)
        sluice_library(${name}_${level} ${ARGN} TESTING)
        set_target_properties(sluice_${name}_${level} PROPERTIES
            SLUICE_ISA ${level}
            OUTPUT_NAME sluice_${name}
            LIBRARY_OUTPUT_DIRECTORY ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/glibc-hwcaps/x86-64-${level})
        # Whoever builds the library gets all three.
        add_dependencies(sluice_${name} sluice_${name}_${level})
        sluice_install_hot_library(${name} ${level})
    endforeach()
endfunction()

add_custom_target(concurrency_tests)

# sluice_fuzz(<name> SOURCES ... LIBS ... [CORPUS dir]): a libFuzzer target; ctest runs it SLUICE_FUZZ_SECONDS.
set(SLUICE_FUZZ_SECONDS 10 CACHE STRING "Seconds that ctest gives each fuzz target")
function(sluice_fuzz name)
    cmake_parse_arguments(ARG "" "CORPUS" "SOURCES;LIBS" ${ARGN})
    if(NOT SLUICE_FUZZ)
        return()
    endif()
    add_executable(${name} ${ARG_SOURCES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${name} PRIVATE ${ARG_LIBS})
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/corpus/${name})
    add_test(NAME ${name} COMMAND ${name} -max_total_time=${SLUICE_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=4096
             ${CMAKE_BINARY_DIR}/corpus/${name} ${ARG_CORPUS})
    set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 4000)
    add_dependencies(fuzz_targets ${name})
endfunction()
add_custom_target(fuzz_targets)

# sluice_check_headers(<target> <headers>...): compiles each header by itself, as the first and only include of a file,
# with what <target> gives to its users. Part of the ordinary build.
function(sluice_check_headers target)
    set(sources)
    foreach(header ${ARGN})
        cmake_path(ABSOLUTE_PATH header BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE path)
        cmake_path(RELATIVE_PATH path BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE name)
        set(source ${CMAKE_CURRENT_BINARY_DIR}/header_check/${name}.cpp)
        file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${name}\"\n" @ONLY)
        list(APPEND sources ${source})
    endforeach()
    add_library(${target}_headers OBJECT ${sources})
    target_link_libraries(${target}_headers PRIVATE ${target})
    set_target_properties(${target}_headers PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
endfunction()

# All of the product's own plugins.
add_custom_target(plugins)
set(SLUICE_PROTO_PATH ${PROJECT_SOURCE_DIR})
set(SLUICE_STAMP ${CMAKE_BINARY_DIR}/sluice.stamp)
sluice_make_stamp()
