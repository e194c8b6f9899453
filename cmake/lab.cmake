# The web lab in the program: its pages, embedded as they are in a folder that lab/ was built into,
# and the server. CMake never runs Node: `make lab` does.
set(MICROGPT_LAB AUTO CACHE STRING "The web lab in the program: AUTO if its pages are there, ON, OFF")
set_property(CACHE MICROGPT_LAB PROPERTY STRINGS AUTO ON OFF)
set(MICROGPT_LAB_SITE ${PROJECT_SOURCE_DIR}/build/lab/site CACHE PATH "Where the lab's pages are")

# Finds the server's library; without it, only ON fails.
macro(find_httplib)
  if(MICROGPT_LAB STREQUAL "AUTO")
    find_package(Httplib)
  else()
    find_package(Httplib REQUIRED)
  endif()
endmacro()

# Adds the lab to the program, or what stands in for it.
function(add_lab program)
  # Also where the folder is not there yet: as soon as it is, the next build takes it.
  file(GLOB_RECURSE files LIST_DIRECTORIES false RELATIVE ${MICROGPT_LAB_SITE}
    CONFIGURE_DEPENDS ${MICROGPT_LAB_SITE}/*)
  list(SORT files)
  if(NOT MICROGPT_LAB OR NOT index.html IN_LIST files)
    set(files "")
  endif()
  if(MICROGPT_LAB STREQUAL "ON" AND NOT files)
    message(FATAL_ERROR "MICROGPT_LAB=ON, but ${MICROGPT_LAB_SITE} has no index.html. "
      "`make lab` writes it.")
  endif()
  embed_site(${program} ${MICROGPT_LAB_SITE} ${files})

  # The server's library brings others, which every start of the program would load: it is linked
  # where there is something to serve, and for the tests.
  set(server lab_server_left_out.cpp)
  if(files OR (MICROGPT_LAB AND MICROGPT_BUILD_TESTS))
    find_httplib()
  endif()
  if(Httplib_FOUND)
    set(server lab_server.cpp)
    target_link_libraries(${program} PRIVATE Httplib::httplib)
  endif()
  target_sources(${program} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${server})

  if(NOT files)
    message(STATUS "The web lab is left out: no pages in ${MICROGPT_LAB_SITE} (see `make lab`)")
  elseif(NOT Httplib_FOUND)
    message(STATUS "The web lab can only be exported: cpp-httplib was not found")
  endif()
endfunction()

# Adds embedded_site() with these files of a folder to a program.
function(embed_site program folder)
  set(number 0)
  foreach(file ${ARGN})
    string(APPEND embeds "EMBED(file_${number}, \"${folder}/${file}\");\n")
    string(APPEND site_files "      {\"${file}\", {file_${number}, file_${number}_end}},\n")
    list(APPEND paths ${folder}/${file})
    math(EXPR number "${number} + 1")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded_site.cpp)
  configure_file(${PROJECT_SOURCE_DIR}/apps/microgpt/embedded_site.cpp.in ${source} @ONLY)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${paths}")
  target_sources(${program} PRIVATE ${source})
endfunction()
