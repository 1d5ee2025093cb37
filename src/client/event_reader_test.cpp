#include "client/event_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace gse::client {
namespace {

std::vector<std::string> read_in_pieces(EventReader& reader, std::string_view text, std::size_t piece) {
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < text.size(); at += piece)
        EXPECT_TRUE(reader.read(text.substr(at, piece), [&](const ServerEvent& event) {
            seen.push_back(event.name + "|" + event.data + "|" + event.id);
            return true;
        }));
    return seen;
}

TEST(EventReader, ReadsEventsHoweverTheBytesAreCut) {
    constexpr std::string_view kText =
        "retry: 2000\n\n: listening\nid: 1-4\n\nid: 1-5\nevent: fleet\ndata: {\"A\":1}\n\nevent: alias\r\ndata: x\r\n"
        "data: y\r\n\r\n: alive\nid: 1-9\n\n";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, kText.size()}) {
        EventReader reader{"1-3"};
        EXPECT_EQ(read_in_pieces(reader, kText, piece),
                  (std::vector<std::string>{"fleet|{\"A\":1}|1-5", "alias|x\ny|1-5"}));
        EXPECT_EQ(reader.last_id(), "1-9") << "a heartbeat's id counts too";
    }
}

TEST(EventReader, AnEventThatWasCutOffDoesNotCount) {
    EventReader reader{""};
    EXPECT_TRUE(read_in_pieces(reader, "id: 1-5\nevent: fleet\ndata: {}\n", 100).empty());
    EXPECT_EQ(reader.last_id(), "") << "the blank line is missing";
}

TEST(EventReader, StopsAtALineWithoutEnd) {
    EventReader reader{""};
    EXPECT_FALSE(reader.read(std::string(EventReader::kLineMax + 1, 'x'), [](const ServerEvent&) { return true; }));
}

}  // namespace
}  // namespace gse::client
