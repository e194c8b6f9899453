# Finds cpp-httplib as distributions compile it, and defines Httplib::httplib. Its header must be told
# what the library was compiled with, which only pkg-config knows.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(HTTPLIB QUIET IMPORTED_TARGET GLOBAL cpp-httplib)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Httplib REQUIRED_VARS HTTPLIB_LINK_LIBRARIES
  VERSION_VAR HTTPLIB_VERSION)

if(Httplib_FOUND AND NOT TARGET Httplib::httplib)
  add_library(Httplib::httplib ALIAS PkgConfig::HTTPLIB)
endif()
