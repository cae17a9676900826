# Sluice::dpdk: DPDK as a system header set, with our -march after the -march=corei7 that its pkg-config file brings: the
# level that the target asks for by its property SLUICE_ISA, else v2. In the tree and in the installed package.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(DPDK REQUIRED IMPORTED_TARGET libdpdk)
if(NOT TARGET Sluice::dpdk)
    # Imported, so that installed targets name it and whoever finds them makes it anew.
    add_library(Sluice::dpdk INTERFACE IMPORTED GLOBAL)
    target_include_directories(Sluice::dpdk INTERFACE ${DPDK_INCLUDE_DIRS})
    target_compile_options(Sluice::dpdk INTERFACE -include rte_config.h
        -march=x86-64-$<IF:$<BOOL:$<TARGET_PROPERTY:SLUICE_ISA>>,$<TARGET_PROPERTY:SLUICE_ISA>,v2>)
    target_link_libraries(Sluice::dpdk INTERFACE ${DPDK_LINK_LIBRARIES} Threads::Threads)
endif()
