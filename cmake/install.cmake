# What `cmake --install` lays out: the library with its headers and its CMake package, so that
# find_package(microgpt) gives microgpt::microgpt. The program installs itself.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/microgpt)

install(TARGETS microgpt EXPORT microgptTargets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/microgpt DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT microgptTargets NAMESPACE microgpt:: DESTINATION ${package_dir})

configure_package_config_file(cmake/microgptConfig.cmake.in
  ${PROJECT_BINARY_DIR}/microgptConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/microgptConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/microgptConfig.cmake
  ${PROJECT_BINARY_DIR}/microgptConfigVersion.cmake
  cmake/FindNettle.cmake
  cmake/FindUtf8proc.cmake
  DESTINATION ${package_dir})
