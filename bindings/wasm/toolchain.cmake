# Clang for WebAssembly with wasi-libc, as Debian has it; no emscripten.
set(CMAKE_SYSTEM_NAME WASI)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR}/../../cmake)  # Platform/WASI.cmake
set(CMAKE_SYSTEM_PROCESSOR wasm32)
# Before 20, libc++ reads no floating-point numbers with from_chars.
find_program(MICROGPT_WASM_CLANG NAMES clang++-22)
if(NOT MICROGPT_WASM_CLANG)
  message(FATAL_ERROR "WebAssembly: expected clang++-22; `tools/install_packages lab` installs it on "
    "Debian, -D MICROGPT_WASM_CLANG=... names another")
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MICROGPT_WASM_CLANG)
set(CMAKE_CXX_COMPILER ${MICROGPT_WASM_CLANG})
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# Debian keeps headers and libraries under the old name of the target.
set(CMAKE_CXX_FLAGS_INIT "-Wno-deprecated")
# Headers of the build machine that need no library: see CMakeLists.txt.
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY NEVER)
