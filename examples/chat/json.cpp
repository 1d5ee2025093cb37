// Boost.JSON as source: one file of ours instead of one more shared library beside the game.
#include <boost/json/src.hpp>
