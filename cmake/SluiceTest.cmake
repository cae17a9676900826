# sluice_test(): unit tests. In the tree and in the installed package.
#
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
    if(NOT SLUICE_SANITIZE)
        target_compile_options(${name} PRIVATE -O1)
    endif()
    target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gmock GTest::gtest_main GTest::gtest)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "unit;${ARG_LABELS}" TIMEOUT 600)
    if("concurrency" IN_LIST ARG_LABELS AND TARGET concurrency_tests)
        add_dependencies(concurrency_tests ${name})
    endif()
endfunction()
