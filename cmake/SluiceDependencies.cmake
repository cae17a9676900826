# Everything comes from Debian 12's packages; extras/packages lists them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
pkg_check_modules(DPDK REQUIRED IMPORTED_TARGET libdpdk)
pkg_check_modules(EDIT REQUIRED IMPORTED_TARGET libedit)
pkg_check_modules(PCAP REQUIRED IMPORTED_TARGET libpcap)

# DPDK as a system header set, with our -march after the -march=corei7 that its pkg-config file brings: the level that
# the target asks for by its property SLUICE_ISA, else v2.
add_library(sluice_dpdk INTERFACE)
target_include_directories(sluice_dpdk SYSTEM INTERFACE ${DPDK_INCLUDE_DIRS})
target_compile_options(sluice_dpdk INTERFACE -include rte_config.h
                       -march=x86-64-$<IF:$<BOOL:$<TARGET_PROPERTY:SLUICE_ISA>>,$<TARGET_PROPERTY:SLUICE_ISA>,v2>)
target_link_libraries(sluice_dpdk INTERFACE ${DPDK_LINK_LIBRARIES} Threads::Threads)
add_library(Sluice::dpdk ALIAS sluice_dpdk)
