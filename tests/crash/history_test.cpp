#include "crash/history.h"

#include <gmock/gmock.h>

#include <functional>

namespace gse::crash {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Case {
    History history;
    Seen seen;
};

/// Alias F1 → F2 (tick 10…12); s1 before on F1, s2 after on F2 in two tries; s3 ended; three players in s1.
Case sound() {
    Case c;
    c.history.first_fleet = "F1";
    c.history.alias_updates = {{"F2", Outcome::Done, 10, 12}};
    c.history.creates = {{"one", "", Outcome::Done, {{"s1", "F1"}}, 1, 2},
                         {"two", "token", Outcome::Done, {{"s2", "F2"}, {"s2", "F2"}}, 20, 24},
                         {"three", "", Outcome::Done, {{"s3", "F1"}}, 3, 4},
                         {"lost", "", Outcome::Unknown, {}, 30, kNever},
                         {"full", "", Outcome::Refused, {}, 31, 32}};
    c.history.joins = {{"s1", {"a", "b"}, Outcome::Done, {{"p1", "a", "s1", ""}, {"p2", "b", "s1", ""}}},
                       {"s1", {"c"}, Outcome::Unknown, {}},
                       {"s1", {"d", "e"}, Outcome::Unknown, {}},
                       {"s1", {"f"}, Outcome::Refused, {}}};
    c.history.ends = {{"s3", Outcome::Done, 40, 41}};
    c.history.joins[0].answered = 9;
    c.history.alias_reads = {{0, 5, 6}, {0, 9, 11}, {1, 10, 13}, {1, 20, 21}};
    c.history.session_looks = {{"s1", "ACTIVATING", 3, 4}, {"s1", "ACTIVE", 5, 6}, {"s3", "TERMINATED", 42, 43}};
    c.history.seat_looks = {{"p1", "RESERVED", 10, 11}, {"p2", "ACTIVE", 12, 13}};
    c.seen.alias_fleet = "F2";
    c.seen.sessions = {{"s1", "one", "F1", "ACTIVE", "h:1", 3, 8},
                       {"s2", "two", "F2", "ACTIVE", "h:2", 0, 8},
                       {"s3", "three", "F1", "TERMINATED", "h:1", 0, 8}};
    c.seen.seats = {{"p1", "a", "s1", "RESERVED"}, {"p2", "b", "s1", "ACTIVE"}, {"p3", "c", "s1", "RESERVED"}};
    return c;
}

TEST(History, FindsNothingWrongWithWhatCanBe) {
    EXPECT_THAT(check(sound().history, sound().seen), IsEmpty());

    Case c = sound();  // what nobody heard of may have happened
    c.seen.sessions.push_back({"s4", "lost", "F2", "ACTIVE", "h:4", 0, 8});
    c.history.alias_updates.push_back({"F1", Outcome::Unknown, 50, kNever});
    c.seen.alias_fleet = "F1";
    c.history.ends.push_back({"s2", Outcome::Unknown, 60});
    c.seen.sessions[1].status = "TERMINATED";
    EXPECT_THAT(check(c.history, c.seen), IsEmpty());

    c = sound();  // an update that nobody heard of acts when it likes, once
    c.history.alias_updates.push_back({"F1", Outcome::Unknown, 50, kNever});
    c.seen.alias_fleet = "F1";
    c.history.alias_reads.push_back({1, 60, 61});
    c.history.alias_reads.push_back({2, 62, 63});
    EXPECT_THAT(check(c.history, c.seen), IsEmpty());

    c = sound();  // while an update is under way either fleet is right
    c.history.creates.push_back({"five", "", Outcome::Done, {{"s5", "F1"}}, 11, 13});
    c.seen.sessions.push_back({"s5", "five", "F1", "ACTIVE", "h:5", 0, 8});
    EXPECT_THAT(check(c.history, c.seen), IsEmpty());
}

TEST(History, FindsEveryPlantedMistake) {
    struct Plant {
        const char* complaint;
        std::function<void(Case&)> mistake;
    };
    const std::vector<Plant> plants = {
        {"the alias points to F1", [](Case& c) { c.seen.alias_fleet = "F1"; }},
        {"the alias points to F1",  // an unanswered update before the last answered one is no excuse
         [](Case& c) {
             c.history.alias_updates = {{"F1", Outcome::Unknown, 5, kNever}, {"F2", Outcome::Done, 10, 12}};
             c.seen.alias_fleet = "F1";
         }},
        {"s2, which is lost", [](Case& c) { c.seen.sessions.erase(c.seen.sessions.begin() + 1); }},
        {"session s1 is listed 2 times", [](Case& c) { c.seen.sessions.push_back(c.seen.sessions.front()); }},
        {"two exists 2 times", [](Case& c) { c.seen.sessions.push_back({"s9", "two", "F2", "ACTIVE", "h:9", 0, 8}); }},
        {"full was refused, and exists",
         [](Case& c) { c.seen.sessions.push_back({"s9", "full", "F2", "ACTIVE", "h:9", 0, 8}); }},
        {"asked for by nobody",
         [](Case& c) { c.seen.sessions.push_back({"s9", "ghost", "F2", "ACTIVE", "h:9", 0, 8}); }},
        {"token token named s2 first and s8 later",
         [](Case& c) {
             c.history.creates[1].answers[1].id = "s8";
             c.seen.sessions.push_back({"s8", "two", "F2", "ACTIVE", "h:8", 0, 8});
         }},
        {"has become two of F1", [](Case& c) { c.seen.sessions[1].fleet = "F1"; }},
        {"went to F1 while the alias pointed to F2",
         [](Case& c) {
             c.history.creates[1].answers = {{"s2", "F1"}};
             c.seen.sessions[1].fleet = "F1";
         }},
        {"s3 was ended, and lives", [](Case& c) { c.seen.sessions[2] = {"s3", "three", "F1", "ACTIVE", "h:3", 0, 8}; }},
        {"s1 is ERROR, and nobody ended it", [](Case& c) { c.seen.sessions[0].status = "ERROR"; }},
        {"s2 is TERMINATED, and nobody ended it", [](Case& c) { c.seen.sessions[1].status = "TERMINATED"; }},
        {"s2 never became ACTIVE", [](Case& c) { c.seen.sessions[1].status = "ACTIVATING"; }},
        {"has two sessions", [](Case& c) { c.seen.sessions[1].address = "h:1"; }},
        {"seat p1 of a is lost",
         [](Case& c) {
             c.seen.seats.erase(c.seen.seats.begin());
             c.seen.sessions[0].seats_taken = 2;
         }},
        {"seat p1 was given twice", [](Case& c) { c.seen.seats.push_back({"p1", "b", "s1", "RESERVED"}); }},
        {"player a has 2 seats", [](Case& c) { c.seen.seats.push_back({"p9", "a", "s1", "RESERVED"}); }},
        {"has become z's", [](Case& c) { c.seen.seats[0].player = "z"; }},
        {"1 of the 2 players of one batch", [](Case& c) { c.seen.seats.push_back({"p9", "d", "s1", "RESERVED"}); }},
        {"f was refused, and has a seat", [](Case& c) { c.seen.seats.push_back({"p9", "f", "s1", "RESERVED"}); }},
        {"sits in s2 instead of s1", [](Case& c) { c.seen.seats[2].session = "s2"; }},
        {"never joined", [](Case& c) { c.seen.seats.push_back({"p9", "ghost", "s1", "RESERVED"}); }},
        {"has 3 of 2 seats taken", [](Case& c) { c.seen.sessions[0].seats_max = 2; }},
        {"says 4 seats are taken, and lists 3", [](Case& c) { c.seen.sessions[0].seats_taken = 4; }},
        {"joined at once and got 1 seats", [](Case& c) { c.history.joins[0].seats.pop_back(); }},
        {"versions 0 and 1 fit into no one order", [](Case& c) { c.history.alias_reads.push_back({0, 22, 23}); }},
        {"versions 0 and 1 fit into no one order",  // one server is ahead of another while the update is under way
         [](Case& c) {
             c.history.alias_updates[0] = {"F2", Outcome::Done, 10, 19};
             c.history.alias_reads.push_back({0, 14, 15});
         }},
        {"versions 1 and 2 fit into no one order",  // it acted, and then had not
         [](Case& c) {
             c.history.alias_updates.push_back({"F1", Outcome::Unknown, 50, kNever});
             c.seen.alias_fleet = "F1";
             c.history.alias_reads.push_back({2, 60, 61});
             c.history.alias_reads.push_back({1, 62, 63});
         }},
        {"version 1 before it was sent", [](Case& c) { c.history.alias_reads.push_back({1, 7, 8}); }},
        {"version 9, which nobody wrote", [](Case& c) { c.history.alias_reads.push_back({9, 7, 8}); }},
        {"version 2, which was refused",
         [](Case& c) {
             c.history.alias_updates.push_back({"F1", Outcome::Refused, 50, 51});
             c.history.alias_reads.push_back({2, 60, 61});
         }},
        {"session s1 went back: seen ACTIVATING",
         [](Case& c) { c.history.session_looks.push_back({"s1", "ACTIVATING", 7, 8}); }},
        {"session s1 went back: seen nowhere", [](Case& c) { c.history.session_looks.push_back({"s1", "", 7, 8}); }},
        {"session s3 went back: seen ACTIVE",
         [](Case& c) { c.history.session_looks.push_back({"s3", "ACTIVE", 44, 45}); }},
        {"seat p1 went back: seen nowhere", [](Case& c) { c.history.seat_looks.push_back({"p1", "", 14, 15}); }},
        {"seat p2 went back: seen RESERVED",
         [](Case& c) { c.history.seat_looks.push_back({"p2", "RESERVED", 14, 15}); }},
    };
    for (const Plant& plant : plants) {
        Case c = sound();
        plant.mistake(c);
        EXPECT_THAT(check(c.history, c.seen), Contains(HasSubstr(plant.complaint)));
    }
}

}  // namespace
}  // namespace gse::crash
