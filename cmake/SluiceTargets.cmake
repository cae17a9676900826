# The few shapes a target of the house can have.
set(SLUICE_PLUGIN_BUILD_DIR ${CMAKE_BINARY_DIR}/lib/sluice/plugins)
set(SLUICE_PLUGIN_INSTALL_DIR ${CMAKE_INSTALL_LIBDIR}/sluice/plugins)

# sluice_library(<name> SOURCES ... LIBS ...): a shared library of a layer, aliased Sluice::<name>.
# Shared, so that the daemon and every plugin meet in one copy of each registry and of each message.
function(sluice_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
    add_library(sluice_${name} SHARED ${ARG_SOURCES})
    add_library(Sluice::${name} ALIAS sluice_${name})
    target_include_directories(sluice_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
    target_link_libraries(sluice_${name} PUBLIC ${ARG_LIBS})
    # Nobody puts another function in the place of one of ours at run time: calls inside the library may be inlined.
    target_compile_options(sluice_${name} PRIVATE -fno-semantic-interposition)
    if(NOT SLUICE_SANITIZE)
        target_link_options(sluice_${name} PRIVATE -Wl,-z,defs)
    endif()
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
        sluice_library(${name}_${level} ${ARGN})
        set_target_properties(sluice_${name}_${level} PROPERTIES
            SLUICE_ISA ${level}
            OUTPUT_NAME sluice_${name}
            LIBRARY_OUTPUT_DIRECTORY ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/glibc-hwcaps/x86-64-${level})
        # Whoever builds the library gets all three.
        add_dependencies(sluice_${name} sluice_${name}_${level})
    endforeach()
endfunction()

# sluice_test(<name> SOURCES ... LIBS ... [LABELS ...] [SEPARATE]): a GoogleTest program, one ctest entry.
# SEPARATE: its sources have helpers of the same names, and are never compiled as one unit.
# Labels: unit (default); concurrency, which CI also runs under ThreadSanitizer.
function(sluice_test name)
    cmake_parse_arguments(ARG "SEPARATE" "" "SOURCES;LIBS;LABELS" ${ARGN})
    if(NOT BUILD_TESTING OR SLUICE_FUZZ)
        return()
    endif()
    add_executable(${name} ${ARG_SOURCES})
    if(ARG_SEPARATE)
        set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
    endif()
    # Tests are compiled for the time that compiling takes.
    target_compile_options(${name} PRIVATE -O1)
    target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gmock GTest::gtest_main GTest::gtest)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "unit;${ARG_LABELS}" TIMEOUT 300)
    if("concurrency" IN_LIST ARG_LABELS)
        add_dependencies(concurrency_tests ${name})
    endif()
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

# sluice_proto(<target> PROTOS ...): compiles .proto files (named relative to the top of the tree) into the target.
# Import paths are the same relative names, so that every file has one name in every descriptor pool.
function(sluice_proto target)
    cmake_parse_arguments(ARG "" "" "PROTOS" ${ARGN})
    set(out ${PROJECT_BINARY_DIR}/proto)
    file(MAKE_DIRECTORY ${out})
    foreach(proto ${ARG_PROTOS})
        string(REGEX REPLACE "\\.proto$" "" stem ${proto})
        add_custom_command(
            OUTPUT ${out}/${stem}.pb.cc ${out}/${stem}.pb.h
            COMMAND protobuf::protoc --cpp_out=${out} -I ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/${proto}
            DEPENDS ${PROJECT_SOURCE_DIR}/${proto} ${SLUICE_PROTO_IMPORTS}
            COMMENT "protoc ${proto}" VERBATIM)
        target_sources(${target} PRIVATE ${out}/${stem}.pb.cc)
        set_source_files_properties(${out}/${stem}.pb.cc PROPERTIES COMPILE_OPTIONS "-w" SKIP_LINTING ON)
    endforeach()
    target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
    target_link_libraries(${target} PUBLIC protobuf::libprotobuf)
endfunction()

include(${CMAKE_CURRENT_LIST_DIR}/SluicePlugin.cmake)

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
