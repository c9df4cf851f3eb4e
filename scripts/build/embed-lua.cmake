# Embeds Lua scripts into C.
#   cmake -DSCRIPTS=a.lua|b.lua -DINCLUDES=dir -DGEN=dir -DRESOLVED=dir -P embed-lua.cmake
# A line `--- include NAME` is replaced by the text of INCLUDES/NAME.lua, which may include others; a second include of
# the same piece in one script is empty. In a function that is rarely called it is indented, and costs the others nothing. Lines that hold only a comment are left out. The result goes to
# GEN/scripts.gen.{c,h} and, as plain Lua, to RESOLVED.
cmake_minimum_required(VERSION 3.25)

string(REPLACE "|" ";" scripts "${SCRIPTS}")
list(SORT scripts)

# Replaces include lines in `text` until none is left.
function(resolve name text out)
  set(seen "")
  set(text "\n${text}")
  while(text MATCHES "\n[ \t]*--- include ([a-z0-9_]+)[ \t]*\n")
    set(line "${CMAKE_MATCH_0}")
    set(piece "${CMAKE_MATCH_1}")
    set(body "")
    if(NOT piece IN_LIST seen)
      list(APPEND seen ${piece})
      if(NOT EXISTS "${INCLUDES}/${piece}.lua")
        message(FATAL_ERROR "lua/${name}.lua includes ${piece}, but there is no lua/include/${piece}.lua")
      endif()
      file(READ "${INCLUDES}/${piece}.lua" body)
    endif()
    string(FIND "${text}" "${line}" at)
    string(LENGTH "${line}" length)
    math(EXPR after "${at} + ${length}")
    string(SUBSTRING "${text}" 0 ${at} head)
    string(SUBSTRING "${text}" ${after} -1 tail)
    set(text "${head}\n${body}\n${tail}")
  endwhile()
  if(text MATCHES "\n([ \t]*--- *include[^\n]*)")
    message(FATAL_ERROR "lua/${name}.lua: not a valid include: ${CMAKE_MATCH_1}")
  endif()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

# Drops comment lines and empty lines. Only sound without long strings and comments, which are refused.
function(strip name text out)
  if(text MATCHES "\\[=*\\[")
    message(FATAL_ERROR "lua/${name}.lua: long strings and comments ([[ or [=[) are not supported here")
  endif()
  string(REGEX REPLACE "\n[ \t]*--[^\n]*" "\n" text "${text}")
  string(REGEX REPLACE "[ \t]+\n" "\n" text "${text}")
  string(REGEX REPLACE "\n\n+" "\n" text "${text}")
  string(REGEX REPLACE "^\n" "" text "${text}")
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

function(c_literal text out)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n\"\n    \"" text "${text}")
  set(${out} "\"${text}\"" PARENT_SCOPE)
endfunction()

set(enum "")
set(texts "")
set(rows "")
file(REMOVE_RECURSE "${RESOLVED}")
foreach(script ${scripts})
  get_filename_component(name "${script}" NAME_WE)
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "${script}: names of scripts are made of a-z, 0-9 and _")
  endif()
  string(TOUPPER "${name}" upper)
  file(READ "${script}" text)
  resolve("${name}" "${text}" text)
  strip("${name}" "${text}" text)
  file(WRITE "${RESOLVED}/${name}.lua" "${text}")
  string(SHA1 sha1 "${text}")
  c_literal("${text}" literal)
  string(APPEND enum "    WC_SCRIPT_${upper},\n")
  string(APPEND texts "static const char text_${name}[] =\n    ${literal};\n\n")
  string(APPEND rows "    [WC_SCRIPT_${upper}] = {\"${name}\", {text_${name}, sizeof(text_${name}) - 1}, \"${sha1}\"},\n")
endforeach()

file(WRITE "${GEN}/scripts.gen.h" "/* Generated from lua/ by scripts/build/embed-lua.cmake. */
#ifndef WC_SCRIPTS_GEN_H
#define WC_SCRIPTS_GEN_H

enum wc_script {
${enum}    WC_SCRIPT_COUNT
};

#endif
")
file(WRITE "${GEN}/scripts.gen.c" "/* Generated from lua/ by scripts/build/embed-lua.cmake. */
#include \"redis/scripts.h\"

${texts}const struct wc_script_source wc_scripts[WC_SCRIPT_COUNT] = {
${rows}};
")
