#include <gtest/gtest.h>

#include "core/entities_archive.h"

namespace gse::core {
namespace {

template <class T>
std::string write(const T& record) {
    Writer writer;
    archive(writer, const_cast<T&>(record));
    return std::move(writer).take();
}

Fleet full_fleet() {
    Fleet fleet;
    fleet.id = "fleet-1";
    fleet.recipes = {{"/local/game/a", "-p {client_port}", 3}, {"/local/game/b", "", 1}};
    fleet.inbound = {{100, 200, "UDP", "0.0.0.0/0"}};
    fleet.system_disk = Disk{"CLOUD_SSD", 50};
    fleet.tags = {{"k", "v"}};
    fleet.ccn = {{"account", "ccn"}};
    fleet.status = FleetStatus::Active;
    fleet.bandwidth_mbps = -7;
    fleet.target = TargetPolicy{"buffer", "metric", 30};
    fleet.last_scaling = EngineTime{-5};
    fleet.waits_for_room = true;
    return fleet;
}

TEST(Archive, RoundTripOfEveryShapeOfField) {
    const std::string bytes = write(full_fleet());
    Fleet read;
    Reader reader(bytes);
    archive(reader, read);
    ASSERT_TRUE(reader.ok());
    EXPECT_TRUE(reader.at_end());
    EXPECT_EQ(write(read), bytes);
    EXPECT_EQ(read.recipes.at(1).launch_path, "/local/game/b");
    EXPECT_EQ(read.creation_deadline, kNever);
    EXPECT_EQ(read.bandwidth_mbps, -7);
    EXPECT_EQ(read.target->percent, 30u);
}

TEST(Archive, NumbersTextsAndRecordsOfEveryLengthComeBack) {
    std::vector<std::size_t> lengths{0, 1};
    for (const std::size_t edge : {std::size_t{1} << 7, std::size_t{1} << 14, std::size_t{1} << 21})
        for (std::size_t near = edge - 6; near < edge + 3; ++near) lengths.push_back(near);
    Writer writer("before ");
    for (const std::size_t length : lengths) {
        writer.varint(length);
        writer.text(std::string(length, 'x'));
        writer.image(Tag{.key = std::string(length, 'k'), .value = "v"});
    }
    writer.varint(UINT64_MAX);
    const std::string bytes = std::move(writer).take();
    Reader reader(bytes);
    EXPECT_EQ(reader.raw(7), "before ");
    for (const std::size_t length : lengths) {
        EXPECT_EQ(reader.varint(), length);
        EXPECT_EQ(reader.text(), std::string(length, 'x'));
        Reader image(reader.raw(reader.varint() - 1));
        Tag tag;
        archive(image, tag);
        EXPECT_TRUE(image.ok() && image.at_end());
        EXPECT_EQ(tag.key, std::string(length, 'k'));
        EXPECT_EQ(tag.value, "v");
    }
    EXPECT_EQ(reader.varint(), UINT64_MAX);
    EXPECT_TRUE(reader.ok() && reader.at_end());
}

TEST(Archive, PlayerSecretsAndDataSurvive) {
    PlayerSession player;
    player.secret.fill('x');
    player.player_id = "someone";
    player.data = std::make_unique<std::string>("data");
    PlayerSession read;
    const std::string bytes = write(player);
    Reader reader(bytes);
    archive(reader, read);
    EXPECT_EQ(read.secret, player.secret);
    EXPECT_EQ(*read.data, "data");
    EXPECT_EQ(read.deadline(), kNever);
}

TEST(Archive, PlayerSessionsAreWrittenAsTheyAlwaysWere) {
    using namespace std::string_literals;
    const std::string bytes = "\x14" + std::string(20, 'x') + "\x00\x05\x03"s + "\x07someone" + "\x04" + "data" +
                              "\x00\xc0\xa9\x07\x00\x00\x00"s;
    PlayerSession player;
    Reader reader(bytes);
    archive(reader, player);
    ASSERT_TRUE(reader.ok());
    EXPECT_TRUE(reader.at_end());
    EXPECT_EQ(player.secret.back(), 'x');
    EXPECT_EQ(player.session, 5u);
    EXPECT_EQ(player.number, 3u);
    EXPECT_EQ(player.player_id, "someone");
    EXPECT_EQ(player.deadline(), EngineTime{60'000});
    EXPECT_EQ(write(player), bytes);

    // Cut short within the secret, and with a secret of another length: what there is, and no more.
    PlayerSession cut;
    Reader short_reader(std::string_view(bytes).substr(0, 10));
    archive(short_reader, cut);
    EXPECT_FALSE(short_reader.ok());
    PlayerSession longer;
    const std::string long_secret = "\x18" + std::string(24, 'y') + bytes.substr(21);
    Reader long_reader(long_secret);
    archive(long_reader, longer);
    EXPECT_TRUE(long_reader.ok());
    EXPECT_EQ(longer.player_id, "someone");
}

TEST(Archive, SessionsAreWrittenAsTheyAlwaysWere) {
    using namespace std::string_literals;
    const std::string plain = "\x18gssess-00000001-abcdefgh"s + "\x07\x01\x02\x03\x01\x00\x01\x01\x08"s + "\x05match" +
                              "\x00\x00\x00\x00\x00\x00\x00"s + "\x0a\x14\x1e\x00\x00"s + "\x08" + "10.0.0.1" +
                              "\x90\x4e\x00\x00\x00\x00\x00\x00\x09\x00\x04\x00"s;
    const std::string rich = "\x1dgssess-00000001-abcdefgh/mine"s +
                             "\x07\x01\xff\xff\xff\xff\x0f\xff\xff\xff\xff\x0f\x03\x00\x01\x01\x08"s + "\x05match" +
                             "\x02me" + "\x04" + "data" + "\x02mm" + "\x04why?" + "\x01\x01k\x01v" + "\x05token" +
                             "\x63" + "\x0a\x14\x1e\x28\x32"s + "\x08" + "10.0.0.1" +
                             "\x90\x4e\x02\x01\x02/a\x03p-1\x03zip\x06\x08\x09\x05ins-1\x04\x00"s;
    for (const std::string& bytes : {plain, rich}) {
        GameSession session;
        Reader reader(bytes);
        archive(reader, session);
        ASSERT_TRUE(reader.ok());
        EXPECT_TRUE(reader.at_end());
        EXPECT_EQ(session.order, 7u);
        EXPECT_EQ(session.name, "match");
        EXPECT_EQ(session.address, "10.0.0.1");
        EXPECT_EQ(session.port, 10'000);
        EXPECT_EQ(session.retired_number, 9u);
        EXPECT_EQ(session.placement, 4u);
        EXPECT_EQ(session.wishes.there(), bytes == rich);
        EXPECT_EQ(session.end.there(), bytes == rich);
        EXPECT_EQ(write(session), bytes);
    }
    GameSession session;
    Reader reader(rich);
    archive(reader, session);
    EXPECT_EQ(full_key(session), "gssess-00000001-abcdefgh/mine");
    EXPECT_EQ(session.wishes->creator_id, "me");
    EXPECT_EQ(session.wishes->matchmaker_data, "mm");
    EXPECT_EQ(session.wishes->request_hash, 0x63u);
    EXPECT_EQ(session.end->reason, "why?");
    EXPECT_EQ(session.end->at, EngineTime{20});
    EXPECT_EQ(session.end->log_key, "zip");
    EXPECT_EQ(session.end->log_instance, "ins-1");
}

TEST(Archive, AnAliasKeepsWhereItLed) {
    Alias alias;
    alias.id = "alias-1";
    alias.tags = {{"env", "prod"}};
    const std::string before = write(Alias{alias});
    alias.history = {{7, {1'000}, {AliasType::Terminal, "fleet-1", "closed"}, "key", "request"}};
    Alias read;
    const std::string bytes = write(alias);
    Reader reader(bytes);
    archive(reader, read);
    ASSERT_TRUE(reader.ok());
    EXPECT_EQ(read.history.at(0).number, 7u);
    EXPECT_EQ(read.history.at(0).from, alias.history.at(0).from);
    EXPECT_EQ(read.history.at(0).request_id, "request");

    // As it was written before there were histories: the count of an empty one is the last byte.
    Alias old;
    Reader older(std::string_view(before).substr(0, before.size() - 1));
    archive(older, old);
    ASSERT_TRUE(older.ok());
    EXPECT_EQ(old.tags.at(0).value, "prod");
    EXPECT_TRUE(old.history.empty());
}

TEST(Archive, QueuesAndPlacementsSurvive) {
    Queue queue;
    queue.name = "eu";
    queue.destinations = {{"qcs::gse:ap-tokyo:uin/1:alias/alias-1", "ap-tokyo", true, "alias-1"}};
    queue.policies = {{60, 10}, {100, std::nullopt}};
    queue.timeout_s = 30;
    Queue queue_read;
    const std::string queue_bytes = write(queue);
    Reader queue_reader(queue_bytes);
    archive(queue_reader, queue_read);
    EXPECT_EQ(write(queue_read), queue_bytes);
    EXPECT_TRUE(queue_read.destinations.at(0).alias);
    EXPECT_EQ(queue_read.policies.at(1).seconds, std::nullopt);

    Placement placement;
    placement.id = "p-1";
    placement.players = {{"someone", "data"}};
    placement.latencies = {{"someone", "ap-tokyo", 40}};
    placement.status = PlacementStatus::Fulfilled;
    placement.deadline = EngineTime{600'000};
    placement.seats = {{"someone", "psess-1"}};
    Placement read;
    const std::string bytes = write(placement);
    Reader reader(bytes);
    archive(reader, read);
    ASSERT_TRUE(reader.ok());
    EXPECT_EQ(write(read), bytes);
    EXPECT_EQ(read.seats.at(0).second, "psess-1");
    EXPECT_EQ(read.session, kNone);
}

TEST(Archive, ASessionOfAnOlderVersionCameFromNoPlacement) {
    Writer writer;
    writer(std::string("gssess-1"), std::uint64_t{7}, Slot{1});
    GameSession older;
    const std::string bytes = std::move(writer).take();
    Reader reader(bytes);
    archive(reader, older);
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(older.placement, kNone);
}

TEST(Archive, AnAccessKeyHoldsAllThatItNeeds) {
    AccessKey key;
    key.id = "AKID1";
    key.secret = "s";
    key.description = "d";
    key.disabled = key.read_only = true;
    key.order = 300;
    key.created = WallTime{1};
    key.last_used = WallTime{60'000};
    const std::string bytes = write(key);
    EXPECT_EQ(bytes, std::string("\x05"
                                 "AKID1\x01s\x01"
                                 "d\x01\x01\xac\x02\x02\xc0\xa9\x07"));
    AccessKey read;
    Reader reader(bytes);
    archive(reader, read);
    ASSERT_TRUE(reader.ok() && reader.at_end());
    EXPECT_EQ(write(read), bytes);
}

TEST(Archive, AHostTokenHoldsAllThatItNeeds) {
    const HostToken token{.id = "t",
                          .secret_sha256 = "s",
                          .region = "r",
                          .description = "d",
                          .order = 300,
                          .created = WallTime{1},
                          .expires = EngineTime{3},
                          .expires_wall = WallTime{4},
                          .key_sha256 = "k",
                          .host_id = "h"};
    const std::string bytes = write(token);
    EXPECT_EQ(bytes, std::string("\x01t\x01s\x01r\x01"
                                 "d\xac\x02\x02\x06\x08\x01k\x01h"));
    HostToken read;
    Reader reader(bytes);
    archive(reader, read);
    ASSERT_TRUE(reader.ok() && reader.at_end());
    EXPECT_EQ(write(read), bytes);
}

TEST(Archive, AHostOlderThanCertificatesIsOpenAndHasNone) {
    Writer writer;
    writer(std::string("box"), std::string("ap-tokyo"), std::string("10.0.0.1"), std::string("10.0.0.1"),
           std::uint32_t{8}, std::uint16_t{10'000}, std::uint16_t{32'000}, std::string("linux"), std::string("none"),
           false, std::vector<std::string>{"S5.LARGE8"});
    Host older;
    const std::string bytes = std::move(writer).take();
    Reader reader(bytes);
    archive(reader, older);
    ASSERT_TRUE(reader.ok() && reader.at_end());
    EXPECT_EQ(older.instance_types.at(0), "S5.LARGE8");
    EXPECT_FALSE(older.enrolled());
    EXPECT_EQ(older.availability, HostAvailability::Open);
    older.key_sha256 = "k";
    older.availability = HostAvailability::Draining;
    older.labels = {{"rack", "7"}};
    EXPECT_FALSE(older.provided) << "nor was it asked for";
    EXPECT_EQ(older.start_deadline, kNever);
    EXPECT_EQ(older.ends_by, kNever);
    older.provided = older.released = older.place_closed = true;
    older.join_secret = "s";
    older.place = "node-1";
    older.start_deadline = EngineTime{5};
    older.ends_by = EngineTime{6};
    Host read;
    const std::string stored = write(older);
    Reader again(stored);
    archive(again, read);
    ASSERT_TRUE(again.ok() && again.at_end());
    EXPECT_TRUE(read.enrolled());
    EXPECT_EQ(read.availability, HostAvailability::Draining);
    EXPECT_EQ(read.labels.at(0).second, "7");
    EXPECT_EQ(write(read), stored);
    EXPECT_TRUE(read.provided && read.released && read.place_closed);
    EXPECT_EQ(read.join_secret + read.place, "snode-1");
    EXPECT_EQ(read.start_deadline, EngineTime{5});
    EXPECT_EQ(read.ends_by, EngineTime{6});
}

TEST(Archive, PoliciesHoldAllThatTheyNeed) {
    ScalingTimer timer;
    timer.id = "timerId-1";
    timer.last_fired = WallTime{7};
    timer.min = 0, timer.max = 3, timer.target_percent = 15;
    timer.scaling = TimerScaling::Automatic;
    timer.type = TimerType::Weekly;
    timer.week_days = 5;
    timer.begin = WallTime{1'600'000'000'123};
    timer.offset_minutes = -330;
    timer.seen_until = WallTime{8};
    timer.keep_one = false;
    ScalingTimer read;
    const std::string bytes = write(timer);
    Reader reader(bytes);
    archive(reader, read);
    ASSERT_TRUE(reader.ok() && reader.at_end());
    EXPECT_EQ(write(read), bytes);
    EXPECT_EQ(read.desired, std::nullopt) << "what was not given stays so";
    EXPECT_EQ(read.min, 0u);
    EXPECT_EQ(read.end, plan::kNoEnd);
    EXPECT_EQ(read.offset_minutes, -330);
    EXPECT_EQ(read.seen_until, WallTime{8});
    EXPECT_EQ(read.keep_one, false);

    ScalingRule rule;
    rule.name = "busy";
    rule.threshold = -2.5;
    rule.adjustment = -3;
    rule.comparison = Comparison::LessOrEqual;
    ScalingRule again;
    const std::string stored = write(rule);
    Reader rules(stored);
    archive(rules, again);
    EXPECT_EQ(again.threshold, -2.5);
    EXPECT_EQ(again.adjustment, -3);
    EXPECT_EQ(again.comparison, Comparison::LessOrEqual);
}

TEST(Archive, RecordsOfTheFirstVersionAreStillRead) {
    // An asset as 0.1.0 wrote it, before images were known.
    const std::string bytes(
        "\x01"
        "a\x01r\x01n\x01v\x01o\x01i\x01t\x01"
        "b\x01k\x01h\x05\x06\x00",
        23);
    Asset asset;
    Reader reader(bytes);
    archive(reader, asset);
    ASSERT_TRUE(reader.ok() && reader.at_end());
    EXPECT_EQ(asset.sha256, "h");
    EXPECT_EQ(asset.bytes, 5u);
    EXPECT_FALSE(asset.is_image);
}

TEST(Archive, OlderRecordKeepsDefaultsAndNewerTailIsLeft) {
    Writer writer;
    writer(std::string("process-1"), Slot{4});
    Process older;
    const std::string bytes = std::move(writer).take();
    Reader reader(bytes);
    archive(reader, older);
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(older.id, "process-1");
    EXPECT_TRUE(older.healthy) << "a field that the older version did not know keeps its default";

    std::string newer = write(Meta{.epoch = 3, .next_order = 9});
    newer += "a field of the future";
    Meta meta;
    Reader tail(newer);
    archive(tail, meta);
    EXPECT_TRUE(tail.ok());
    EXPECT_EQ(meta.next_order, 9u);
}

TEST(Archive, AnInstanceWrittenBeforeStatisticsHasNoUsage) {
    const Instance written{.id = "ins-1", .fleet = 1, .host = 2, .removing = true, .drained_since = {7}, .usage = 9};
    std::string bytes = write(written);
    bytes.resize(bytes.size() - 3);  // its usage, that it leaves, that its ports are stale: added one after another
    Instance read;
    Reader reader(bytes);
    archive(reader, read);
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(read.drained_since, EngineTime{7});
    EXPECT_EQ(read.usage, kNone);
}

TEST(Archive, AFleetWrittenBeforeDrainsStays) {
    Fleet written;
    written.id = "fleet-1";
    written.ccn_attached = WallTime{9};
    std::string bytes = write(written);
    // Since then: two numbers of the target, three words and three times of a drain, one of them of ten bytes.
    bytes.resize(bytes.size() - 17);
    Fleet read;
    Reader reader(bytes);
    archive(reader, read);
    ASSERT_TRUE(reader.ok() && reader.at_end());
    EXPECT_EQ(read.ccn_attached, WallTime{9});
    EXPECT_TRUE(read.keep_one);
    EXPECT_FALSE(read.draining);
    EXPECT_EQ(read.drain_deadline, kNever);

    written.keep_one = false, written.minimum_free = 300, written.draining = true, written.delete_when_drained = true;
    written.drain_started = WallTime{5}, written.drain_deadline = EngineTime{6}, written.drained = WallTime{7};
    const std::string all = write(written);
    Fleet again;
    Reader newer(all);
    archive(newer, again);
    ASSERT_TRUE(newer.ok() && newer.at_end());
    EXPECT_EQ(write(again), all);
    EXPECT_FALSE(again.keep_one);
    EXPECT_TRUE(again.draining && again.delete_when_drained && !again.drain_denies_joins);
    EXPECT_EQ(again.drain_deadline, EngineTime{6});
}

TEST(Archive, ATimerWrittenBeforeTimersFiredHasSeenNothing) {
    ScalingTimer written;
    written.id = "timerId-1";
    written.offset_minutes = 480;
    written.seen_until = WallTime{0};
    std::string bytes = write(written);
    bytes.resize(bytes.size() - 3);
    ScalingTimer read;
    Reader reader(bytes);
    archive(reader, read);
    ASSERT_TRUE(reader.ok() && reader.at_end());
    EXPECT_EQ(read.offset_minutes, 480);
    EXPECT_EQ(read.seen_until, WallTime{});
    EXPECT_EQ(read.keep_one, std::nullopt);
}

TEST(Archive, UsageSurvives) {
    const InstanceUsage usage{.fleet = 3,
                              .order = 4,
                              .instance_id = "ins-1",
                              .address = "10.0.0.1",
                              .began = {5},
                              .over = true,
                              .ended = {6},
                              .ended_at = {7},
                              .log_keys = {"a", "b"}};
    // The bytes of the first version: whatever is added later, these stay readable.
    const std::string first(
        "\x03\x04\x05ins-1\x08"
        "10.0.0.1\x0a\x01\x0c\x0e\x02\x01"
        "a\x01"
        "b");
    EXPECT_EQ(write(usage), first);
    InstanceUsage read;
    Reader reader(first);
    archive(reader, read);
    ASSERT_TRUE(reader.ok());
    EXPECT_TRUE(reader.at_end());
    EXPECT_EQ(write(read), first);
}

TEST(Archive, NoPrefixIsReadPastItsEnd) {
    const std::string bytes = write(full_fleet());
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        Fleet read;
        const std::string prefix = bytes.substr(0, length);  // a copy, so that the sanitizer sees its end
        Reader reader(prefix);
        archive(reader, read);
    }
    std::string endless(11, '\xff');
    Reader reader(endless);
    EXPECT_EQ(reader.varint(), 0u);
    EXPECT_FALSE(reader.ok()) << "a number of more than 64 bits";
    std::string long_text =
        "\x7f"
        "abc";
    Reader text(long_text);
    EXPECT_EQ(text.text(), "");
    EXPECT_FALSE(text.ok()) << "a text longer than the record";
}

}  // namespace
}  // namespace gse::core
