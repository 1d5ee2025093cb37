# The Debian package: `./dev package`. Installed below /usr, units and settings where Debian wants them.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # nothing but these two need be built
install(TARGETS gse gse-chat RUNTIME DESTINATION bin COMPONENT opengse)
install(FILES deploy/systemd/gse-server.service deploy/systemd/gse-agent.service DESTINATION /usr/lib/systemd/system COMPONENT opengse)
install(FILES deploy/debian/gse.sysusers DESTINATION /usr/lib/sysusers.d COMPONENT opengse RENAME gse.conf)
install(FILES deploy/debian/gse.tmpfiles DESTINATION /usr/lib/tmpfiles.d COMPONENT opengse RENAME gse.conf)
install(FILES deploy/debian/gse.1 DESTINATION share/man/man1 COMPONENT opengse)
install(FILES deploy/debian/gse.bash-completion DESTINATION share/bash-completion/completions COMPONENT opengse RENAME gse)
install(FILES README.md README.zh-CN.md CHANGELOG.md LICENSE NOTICE SECURITY.md DESTINATION share/doc/opengse COMPONENT opengse)
install(FILES LICENSE DESTINATION share/doc/opengse COMPONENT opengse RENAME copyright)
install(DIRECTORY docs DESTINATION share/doc/opengse COMPONENT opengse PATTERN images EXCLUDE)
install(DIRECTORY deploy/prometheus deploy/grafana deploy/kubernetes deploy/helm DESTINATION share/opengse COMPONENT opengse)
install(PROGRAMS examples/chat/package.sh DESTINATION share/opengse/chat COMPONENT opengse)
foreach(service server agent)
    # Every key as a comment, as the program of this very build knows them.
    install(CODE "execute_process(COMMAND ${PROJECT_SOURCE_DIR}/deploy/debian/conffile.sh $<TARGET_FILE:gse> ${service}
                                  OUTPUT_FILE ${CMAKE_BINARY_DIR}/${service}.toml COMMAND_ERROR_IS_FATAL ANY)"
            COMPONENT opengse)
    install(FILES ${CMAKE_BINARY_DIR}/${service}.toml DESTINATION /etc/gse COMPONENT opengse)
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME opengse)
set(CPACK_COMPONENTS_ALL opengse)  # not what the SDK installs
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_VENDOR "OpenGSE")
set(CPACK_PACKAGE_CONTACT "OpenGSE <root@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "game server elastic scaling on machines of your own")
set(CPACK_PACKAGE_DESCRIPTION "Fleets of supervised game server processes that grow and shrink with demand, matches and
players placed on them, and versions swapped behind an alias without anyone noticing. Speaks the
Tencent Cloud GSE API (2019-11-12) and its game-server gRPC protocol.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)  # for what lies outside /usr
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS bubblewrap)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus, grafana")
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/deploy/debian/conffiles ${PROJECT_SOURCE_DIR}/deploy/debian/postinst
    ${PROJECT_SOURCE_DIR}/deploy/debian/prerm ${PROJECT_SOURCE_DIR}/deploy/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
