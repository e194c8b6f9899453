# Most of a compiler's time goes to headers and what it makes of them (CLI11, GoogleTest, JSON), so
# several sources of a folder are compiled as one. Their names in anonymous namespaces must differ
# within a folder. With -D MICROGPT_GROUP_SOURCES=OFF each is compiled alone.
option(MICROGPT_GROUP_SOURCES "Compile sources of a folder together" ON)

# group_by_folder(TARGET): a dozen sources of one folder at most are compiled together.
function(group_by_folder target)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cpp$")  # not the objects of others
  list(SORT sources)
  set(last_folder "")
  foreach(source IN LISTS sources)
    cmake_path(GET source PARENT_PATH folder)
    if(NOT folder STREQUAL last_folder)
      set(count 0)
      set(last_folder "${folder}")
    endif()
    math(EXPR part "${count} / 12")
    math(EXPR count "${count} + 1")
    cmake_path(GET folder FILENAME name)
    set_property(SOURCE ${source} PROPERTY UNITY_GROUP ${name}_${part})
  endforeach()
  set_target_properties(${target} PROPERTIES
    UNITY_BUILD ${MICROGPT_GROUP_SOURCES} UNITY_BUILD_MODE GROUP)
endfunction()
