# Manuals made of the .proto files: the pages of man(1) and a web reference, in build/<preset>/docs. Part of the ordinary
# build, which fails where something of the API has no comment. Needs the programs, whose --help tells their options.
if(SLUICE_FUZZ OR SLUICE_SANITIZE)
    return()
endif()

# Pages are installed as man(1) and Debian like them.
find_program(SLUICE_GZIP gzip REQUIRED)
set(docs ${PROJECT_BINARY_DIR}/docs)
set(made ${PROJECT_BINARY_DIR}/docs.made)
set(templates ${PROJECT_SOURCE_DIR}/cli/sluicectl/sluicectl.1.in ${PROJECT_SOURCE_DIR}/cli/sluiced/sluiced.8.in)
add_custom_command(
    OUTPUT ${docs}/made
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${docs}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${made}
    COMMAND sluicectl --help > ${made}/sluicectl.help
    COMMAND sluiced --help > ${made}/sluiced.help
    COMMAND sluice-docs --descriptors ${SLUICE_API_DESCRIPTORS} --version-of-product ${PROJECT_VERSION}
            --page ${PROJECT_SOURCE_DIR}/cli/sluicectl/sluicectl.1.in=${made}/sluicectl.help
            --page ${PROJECT_SOURCE_DIR}/cli/sluiced/sluiced.8.in=${made}/sluiced.help --out ${docs}
    COMMAND ${SLUICE_GZIP} -9nk ${docs}/man/sluicectl.1 ${docs}/man/sluice-commands.7 ${docs}/man/sluiced.8
    COMMAND ${CMAKE_COMMAND} -E touch ${docs}/made
    DEPENDS ${SLUICE_API_DESCRIPTORS} ${templates} sluicectl sluiced sluice-docs
    COMMENT "manuals and reference" VERBATIM)
add_custom_target(docs ALL DEPENDS ${docs}/made)
add_dependencies(product docs)

install(FILES ${docs}/man/sluicectl.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
install(FILES ${docs}/man/sluice-commands.7.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man7 OPTIONAL)
install(FILES ${docs}/man/sluiced.8.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 OPTIONAL)
# What was not built is not installed.
install(DIRECTORY ${docs}/reference DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/sluice OPTIONAL)
install(FILES ${PROJECT_SOURCE_DIR}/extras/completion/sluicectl.bash
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME sluicectl)
install(FILES ${PROJECT_SOURCE_DIR}/extras/completion/_sluicectl
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
