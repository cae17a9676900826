# Debian packages of the installed components, by CPack:  cpack --config build/release/CPackConfig.cmake -B DIRECTORY
#   sluice                the daemon, the shell, the libraries, the service
#   sluice-dev            what plugins and programs are built with
#   sluice-plugin-<group> plugins, a package for each group

# What belongs to the system and not below the prefix: beside /usr, or inside any other prefix.
set(SLUICE_SYSTEM_FILES [[
    set(root "${CMAKE_INSTALL_PREFIX}")
    if(root MATCHES "^(.*)/usr$")
        set(root "${CMAKE_MATCH_1}")
    endif()
    file(INSTALL DESTINATION "${root}/etc/sluice" TYPE FILE FILES "@PROJECT_SOURCE_DIR@/extras/systemd/sluice.conf")
    file(INSTALL DESTINATION "${root}/etc/sysctl.d" TYPE FILE FILES "@PROJECT_SOURCE_DIR@/extras/systemd/60-sluice.conf")
    file(INSTALL DESTINATION "${root}/etc/default" TYPE FILE RENAME sluice
        FILES "@PROJECT_SOURCE_DIR@/extras/systemd/sluice.default")
    # The unit names the programs by their full paths; staged below some folder they are as in /usr all the same.
    file(READ "@PROJECT_SOURCE_DIR@/extras/systemd/sluiced.service" unit)
    if(NOT CMAKE_INSTALL_PREFIX MATCHES "/usr$")
        string(REPLACE "/usr/" "${CMAKE_INSTALL_PREFIX}/" unit "${unit}")
        string(REPLACE " /etc/" " ${CMAKE_INSTALL_PREFIX}/etc/" unit "${unit}")
        string(REPLACE "=-/etc/" "=-${CMAKE_INSTALL_PREFIX}/etc/" unit "${unit}")
    endif()
    file(WRITE "@PROJECT_BINARY_DIR@/package/sluiced.service" "${unit}")
    file(INSTALL DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/systemd/system" TYPE FILE
        FILES "@PROJECT_BINARY_DIR@/package/sluiced.service")
]])
string(CONFIGURE "${SLUICE_SYSTEM_FILES}" SLUICE_SYSTEM_FILES @ONLY)
install(CODE "${SLUICE_SYSTEM_FILES}" COMPONENT sluice)
# The manuals with the READMEs that they lead to, in the folders that their links go by.
file(GLOB_RECURSE documents RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS api/*.md cli/*.md cmake/*.md extras/*.md
    extras/grafana/*.json graph/*.md perf/*.md plugins/*.md tests/*.md vnet/*.md)
list(FILTER documents EXCLUDE REGEX "/\\.")
foreach(document README.md ${documents})
    cmake_path(GET document PARENT_PATH folder)
    install(FILES ${document} DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/sluice/${folder} COMPONENT sluice)
endforeach()
install(FILES extras/systemd/af-xdp.conf DESTINATION ${CMAKE_INSTALL_DATADIR}/sluice/systemd)

set(SLUICE_CONTROL postinst prerm postrm conffiles triggers)
# Graphviz keeps its own plugins where the loader does not look.
install(FILES extras/debian/sluice-plugin-graph-svg DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
    COMPONENT plugin-graph-svg)

get_property(groups GLOBAL PROPERTY SLUICE_PLUGIN_GROUPS)
list(REMOVE_DUPLICATES groups)
list(TRANSFORM groups PREPEND plugin- OUTPUT_VARIABLE plugin_components)

# Each package has its own copy of these two.
execute_process(COMMAND ${SLUICE_GZIP} -9n INPUT_FILE ${PROJECT_SOURCE_DIR}/extras/debian/changelog
    OUTPUT_FILE ${PROJECT_BINARY_DIR}/package/changelog.Debian.gz COMMAND_ERROR_IS_FATAL ANY)
function(sluice_package_documents component package)
    install(FILES extras/debian/copyright ${PROJECT_BINARY_DIR}/package/changelog.Debian.gz
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component})
endfunction()
sluice_package_documents(sluice sluice)
sluice_package_documents(dev sluice-dev)
foreach(group ${groups})
    sluice_package_documents(plugin-${group} sluice-plugin-${group})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sluice)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Sluice <founders@sluice.invalid>")
set(CPACK_PACKAGE_VENDOR Sluice)
set(CPACK_COMPONENTS_ALL sluice dev ${plugin_components})
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# CPack's own default, which it leaves away: each package has a first line of its own.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Sluice built using CMake")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
set(exact "sluice (= ${PROJECT_VERSION}-1)")

set(CPACK_DEBIAN_SLUICE_PACKAGE_NAME sluice)
set(CPACK_COMPONENT_SLUICE_DESCRIPTION "software router: the daemon and its shell
Packets travel in vectors through a run-time graph of nodes, on DPDK. Every
feature is a plugin that is loaded at run time and brings its nodes, its API
and its command lines. This package has the daemon sluiced, the shell
sluicectl, and the service.")
list(TRANSFORM SLUICE_CONTROL PREPEND ${PROJECT_SOURCE_DIR}/extras/debian/)
# Which package has a library: CPack's own list would name the hot ones once for each processor.
get_property(libraries GLOBAL PROPERTY SLUICE_INSTALLED_LIBRARIES)
list(TRANSFORM libraries REPLACE "(.+)" "libsluice_\\1 ${SLUICE_SOVERSION} ${exact}\n")
list(JOIN libraries "" libraries)
file(WRITE ${PROJECT_BINARY_DIR}/package/shlibs "${libraries}")
set(CPACK_DEBIAN_SLUICE_PACKAGE_CONTROL_EXTRA ${SLUICE_CONTROL} ${PROJECT_BINARY_DIR}/package/shlibs)
string(JOIN ", sluice-plugin-" recommended ${groups})
set(CPACK_DEBIAN_SLUICE_PACKAGE_SUGGESTS "sluice-plugin-${recommended}")
# groupadd; and what DPDK loads by itself, so that no library names it: the drivers of the kernel's interfaces and of memif.
# All others are in librte-meta-net.
set(CPACK_DEBIAN_SLUICE_PACKAGE_DEPENDS "passwd, librte-bus-pci23, librte-bus-vdev23, librte-mempool-ring23, librte-net-af-packet23, librte-net-af-xdp23, librte-net-memif23")
set(CPACK_DEBIAN_SLUICE_PACKAGE_RECOMMENDS "librte-meta-net")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME sluice-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_DEV_DESCRIPTION "software router: what plugins are built with
Headers, messages and CMake files for plugins of the router Sluice and for
programs that speak its API, test benches for nodes, an example plugin, and
sluice-new-plugin, which writes others.")
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${exact}, cmake, g++, pkg-config, protobuf-compiler, libabsl-dev, libboost-dev, libdpdk-dev, libfmt-dev, libgrpc++-dev, libprotobuf-dev, protobuf-compiler-grpc")
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "ninja-build, libgtest-dev, libgmock-dev")

foreach(group ${groups})
    string(TOUPPER plugin-${group} component)
    set(CPACK_DEBIAN_${component}_PACKAGE_NAME sluice-plugin-${group})
    set(CPACK_DEBIAN_${component}_PACKAGE_DEPENDS ${exact})
    set(CPACK_COMPONENT_${component}_DESCRIPTION "software router: plugin ${group}
A plugin of the router Sluice, loaded when its daemon starts, or while it
runs by the command: load plugin ${group}")
endforeach()
include(CPack)
