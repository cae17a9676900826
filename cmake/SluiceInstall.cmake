# What `cmake --install` puts where. Components: `sluice` is what runs, `dev` what plugins and programs are built with,
# `plugin-<group>` the plugins. All paths lie relative to one another, so that a prefix may be moved.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME sluice)
set(SLUICE_PLUGIN_INSTALL_DIR ${CMAKE_INSTALL_LIBDIR}/sluice/plugins)
set(SLUICE_INCLUDE_INSTALL_DIR ${CMAKE_INSTALL_INCLUDEDIR}/sluice)
set(SLUICE_PROTO_INSTALL_DIR ${CMAKE_INSTALL_DATADIR}/sluice/proto)
set(SLUICE_CMAKE_INSTALL_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Sluice)

# All that is installed, and nothing else: no tests, no benchmarks.
add_custom_target(product)

# sluice_runpath(<target> <folder that it is installed in> <component>): it finds the libraries from where it lies; below
# /usr the dynamic loader does without being told.
function(sluice_runpath target folder component)
    cmake_path(RELATIVE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY ${folder} OUTPUT_VARIABLE libraries)
    if(libraries STREQUAL ".")
        set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
    else()
        set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN/${libraries}")
    endif()
    install(CODE "
        if(CMAKE_INSTALL_PREFIX STREQUAL \"/usr\")
            file(RPATH_REMOVE FILE \"\$ENV{DESTDIR}/usr/${folder}/$<TARGET_FILE_NAME:${target}>\")
        endif()" COMPONENT ${component})
endfunction()

# sluice_install_program(<target> <folder>)
function(sluice_install_program target folder)
    install(TARGETS ${target} RUNTIME DESTINATION ${folder})
    sluice_runpath(${target} ${folder} sluice)
    add_dependencies(product ${target})
endfunction()

# sluice_install_tool(<target>): a program that plugins and programs are built with; find_package(Sluice) brings it as
# Sluice::<target>.
function(sluice_install_tool target)
    install(TARGETS ${target} EXPORT Sluice RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT dev)
    sluice_runpath(${target} ${CMAKE_INSTALL_BINDIR} dev)
    add_dependencies(product ${target})
endfunction()

function(sluice_export_target target name)
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
    target_include_directories(${target} INTERFACE $<INSTALL_INTERFACE:${SLUICE_INCLUDE_INSTALL_DIR}>)
    target_compile_features(${target} PUBLIC cxx_std_20)
    add_dependencies(product ${target})
endfunction()

function(sluice_install_library name)
    sluice_export_target(sluice_${name} ${name})
    set_property(GLOBAL APPEND PROPERTY SLUICE_INSTALLED_LIBRARIES ${name})
    install(TARGETS sluice_${name} EXPORT Sluice
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} NAMELINK_COMPONENT dev)
    sluice_runpath(sluice_${name} ${CMAKE_INSTALL_LIBDIR} sluice)
endfunction()

function(sluice_install_testing_library name)
    sluice_export_target(sluice_${name} ${name})
    install(TARGETS sluice_${name} EXPORT Sluice ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
endfunction()

# The build of a hot library for a newer processor; whoever links names the plain one.
function(sluice_install_hot_library name level)
    set(folder ${CMAKE_INSTALL_LIBDIR}/glibc-hwcaps/x86-64-${level})
    install(TARGETS sluice_${name}_${level} LIBRARY DESTINATION ${folder} NAMELINK_SKIP)
    sluice_runpath(sluice_${name}_${level} ${folder} sluice)
    add_dependencies(product sluice_${name}_${level})
endfunction()

# sluice_install_protos(<proto>...): .proto files that others may import, and the headers made of them.
function(sluice_install_protos)
    foreach(proto ${ARGN})
        cmake_path(GET proto PARENT_PATH folder)
        string(REGEX REPLACE "\\.proto$" ".pb.h" header ${proto})
        install(FILES ${PROJECT_SOURCE_DIR}/${proto} DESTINATION ${SLUICE_PROTO_INSTALL_DIR}/${folder} COMPONENT dev)
        install(FILES ${PROJECT_BINARY_DIR}/proto/${header} DESTINATION ${SLUICE_INCLUDE_INSTALL_DIR}/${folder}
            COMPONENT dev)
        list(APPEND installed ${proto})
    endforeach()
    set_property(GLOBAL APPEND PROPERTY SLUICE_INSTALLED_PROTOS ${installed})
endfunction()

# sluice_install_package(): once all targets are there, what find_package(Sluice) finds.
function(sluice_install_package)
    install(CODE "
        include(\"${PROJECT_SOURCE_DIR}/cmake/public_headers.cmake\")
        sluice_reach_headers(headers \"${PROJECT_SOURCE_DIR}\" \${SLUICE_PUBLIC_HEADERS} \${SLUICE_PUBLIC_TESTING_HEADERS})
        list(FILTER headers EXCLUDE REGEX \"\\\\.proto$\")
        foreach(header \${headers})
            cmake_path(GET header PARENT_PATH folder)
            file(INSTALL DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${SLUICE_INCLUDE_INSTALL_DIR}/\${folder}\" TYPE FILE
                FILES \"${PROJECT_SOURCE_DIR}/\${header}\")
        endforeach()" COMPONENT dev)
    install(EXPORT Sluice NAMESPACE Sluice:: FILE SluiceExports.cmake DESTINATION ${SLUICE_CMAKE_INSTALL_DIR}
        COMPONENT dev)

    include(CMakePackageConfigHelpers)
    get_property(protos GLOBAL PROPERTY SLUICE_INSTALLED_PROTOS)
    set(package ${PROJECT_BINARY_DIR}/package)
    configure_package_config_file(cmake/SluiceConfig.cmake.in ${package}/SluiceConfig.cmake
        INSTALL_DESTINATION ${SLUICE_CMAKE_INSTALL_DIR}
        PATH_VARS SLUICE_PROTO_INSTALL_DIR)
    # A minor version is a binary interface, and a range of sources that mean the same.
    write_basic_package_version_file(${package}/SluiceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
    install(FILES ${package}/SluiceConfig.cmake ${package}/SluiceConfigVersion.cmake ${SLUICE_STAMP}
            cmake/SluiceApiCheck.cmake cmake/SluiceDpdk.cmake cmake/SluicePlugin.cmake cmake/SluiceProto.cmake cmake/SluiceStamp.cmake
            cmake/SluiceTest.cmake
        DESTINATION ${SLUICE_CMAKE_INSTALL_DIR} COMPONENT dev)
    # The example, and the tool that writes others from it.
    install(DIRECTORY extras/example-plugin DESTINATION ${CMAKE_INSTALL_DATADIR}/sluice COMPONENT dev
        PATTERN build EXCLUDE PATTERN released EXCLUDE)
    install(PROGRAMS extras/new-plugin DESTINATION ${CMAKE_INSTALL_DATADIR}/sluice COMPONENT dev)
    find_program(SLUICE_GZIP gzip REQUIRED)
    foreach(page extras/sluice-new-plugin.1 cli/compat/sluice-api-check.1)
        cmake_path(GET page FILENAME name)
        configure_file(${page}.in ${package}/${name} @ONLY)
        execute_process(COMMAND ${SLUICE_GZIP} -9nkf ${package}/${name} COMMAND_ERROR_IS_FATAL ANY)
        install(FILES ${package}/${name}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT dev)
    endforeach()
    install(CODE "
        set(links \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
        file(MAKE_DIRECTORY \"\${links}\")
        file(CREATE_LINK ../${CMAKE_INSTALL_DATADIR}/sluice/new-plugin \"\${links}/sluice-new-plugin\" SYMBOLIC)"
        COMPONENT dev)
    add_dependencies(product plugins sluice_stamp)
endfunction()
