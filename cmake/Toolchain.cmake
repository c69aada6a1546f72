set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(ESCALATION_CCACHE ccache)
if(ESCALATION_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${ESCALATION_CCACHE}")
endif()

find_program(ESCALATION_MOLD mold)
if(ESCALATION_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Applied to our own targets only; generated code and libraries keep their own warnings.
add_library(escalation_options INTERFACE)
target_compile_options(escalation_options INTERFACE -Wall -Wextra -Wpedantic -Werror -Wshadow -Wno-missing-field-initializers)
target_include_directories(escalation_options INTERFACE "${CMAKE_SOURCE_DIR}")

# GCC 12 sees overlapping copies in std::string that cannot be (GCC bug 105329).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(escalation_options INTERFACE -Wno-restrict)
endif()

set(ESCALATION_SANITIZE "" CACHE STRING "Sanitizers for the whole build: address,undefined or thread")
if(ESCALATION_SANITIZE)
  add_compile_options(-fsanitize=${ESCALATION_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ESCALATION_SANITIZE})
  # Instrumented, std::regex looks to GCC 12 as if it moved what is not there (GCC bug 105562).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(escalation_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
# How much longer a test may take.
set(ESCALATION_TIME_FACTOR 1)
if(ESCALATION_SANITIZE)
  set(ESCALATION_TIME_FACTOR 5)
endif()

option(ESCALATION_COVERAGE "Count which lines and branches of state/ the tests take, with gcov (ops/nightly coverage)" OFF)
if(ESCALATION_COVERAGE)
  add_link_options(--coverage)
endif()
