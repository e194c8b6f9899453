# microgpt_c: c_api.h as a shared library for all that can open one, with nothing else to be seen.
# Those who link against the library take microgpt itself.
file(GLOB c_library_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/c_api/*.cpp)
add_library(microgpt_c SHARED EXCLUDE_FROM_ALL ${c_library_sources})
target_include_directories(microgpt_c PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(microgpt_c PRIVATE microgpt fmt::fmt)
if(APPLE)
  target_link_options(microgpt_c PRIVATE LINKER:-exported_symbol,_microgpt_*)
else()
  set(map ${PROJECT_SOURCE_DIR}/cmake/c_library.map)
  target_link_options(microgpt_c PRIVATE LINKER:--version-script=${map} LINKER:-z,defs)
  set_target_properties(microgpt_c PROPERTIES LINK_DEPENDS ${map})
endif()
# What it needs may lie beside it.
set_target_properties(microgpt_c PROPERTIES
  LINKER_LANGUAGE CXX
  BUILD_WITH_INSTALL_RPATH ON
  INSTALL_RPATH $ORIGIN)
