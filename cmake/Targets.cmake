include(GoogleTest)

# What lies below state/ and its tests is counted. Not optimized, so that branches are those of the source; statics need not
# branch for a second thread, nor, in the folders that must be taken whole, calls for exceptions that nobody throws.
function(escalation_count target)
  file(RELATIVE_PATH folder "${CMAKE_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  if(ESCALATION_COVERAGE AND folder MATCHES "^(tests/)?state/")
    target_compile_options(${target} PRIVATE -O0 --coverage -fno-threadsafe-statics)
  endif()
  if(ESCALATION_COVERAGE AND folder MATCHES "^state/(calendar|ticket)$")
    target_compile_options(${target} PRIVATE -fno-exceptions)
  endif()
endfunction()

# Where the broker of the kafka tests lives; they get it as ESCALATION_KAFKA. Its address: the file bootstrap in there.
set(ESCALATION_KAFKA_BROKER "${CMAKE_BINARY_DIR}/kafka-broker")

# escalation_timeout(seconds test...): what each test may take, and several times that under a sanitizer.
function(escalation_timeout seconds)
  math(EXPR seconds "${seconds} * ${ESCALATION_TIME_FACTOR}")
  set_tests_properties(${ARGN} PROPERTIES TIMEOUT ${seconds})
endfunction()

# escalation_library(name [DEPENDS target...]): every .cc of the current folder but main.cc and *_main.cc.
function(escalation_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  list(FILTER sources EXCLUDE REGEX "(^|/|_)main\\.cc$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ${ARG_DEPENDS} PRIVATE escalation_options)
    target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}")
    escalation_count(${name})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_DEPENDS})
    target_include_directories(${name} INTERFACE "${CMAKE_SOURCE_DIR}")
  endif()
endfunction()

# Folding makes and drops many small strings: jemalloc halves what that costs. Sanitizers bring an allocator of their own.
if(NOT ESCALATION_SANITIZE)
  set(ESCALATION_ALLOCATOR ${ESCALATION_JEMALLOC} ${CMAKE_DL_LIBS})
endif()

# escalation_program(name main.cc [DEPENDS target...])
function(escalation_program name source)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE escalation_options ${ARG_DEPENDS} ${ESCALATION_ALLOCATOR})
endfunction()

# escalation_test(name LABEL label [DEPENDS target...]): every *_test.cc of the current folder as one program; each case is
# a CTest test with the label. Those with the label kafka share one real broker (tests/CMakeLists.txt).
function(escalation_test name)
  cmake_parse_arguments(ARG "" "LABEL" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE escalation_options ${ARG_DEPENDS} GTest::gtest_main GTest::gmock)
  target_compile_definitions(${name} PRIVATE ESCALATION_SOURCE_DIR="${CMAKE_SOURCE_DIR}" ESCALATION_BINARY_DIR="${CMAKE_BINARY_DIR}")
  escalation_count(${name})
  math(EXPR timeout "300 * ${ESCALATION_TIME_FACTOR}")
  if(ARG_LABEL STREQUAL kafka)
    set(broker FIXTURES_REQUIRED kafka ENVIRONMENT "ESCALATION_KAFKA=${ESCALATION_KAFKA_BROKER}")
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${timeout} ${broker})
endfunction()

# escalation_bench(name source [DEPENDS target...])
function(escalation_bench name source)
  if(NOT ESCALATION_BENCHMARKS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE escalation_options ${ARG_DEPENDS} benchmark::benchmark ${ESCALATION_ALLOCATOR})
endfunction()
