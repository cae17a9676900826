// SPDX-License-Identifier: Apache-2.0
#include "vnet/meter/meter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "graph/limits.hpp"

namespace vnet::meter {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

constexpr auto G = Colour::green;
constexpr auto Y = Colour::yellow;
constexpr auto R = Colour::red;

/// The RFCs' own words: two counts of tokens, brought up to date one token at a time, one packet
/// after the other. Times are whole tokens, so that nothing is rounded.
class Reference {
public:
    explicit Reference(const Terms& terms)
        : terms_(terms), committed_(terms.committed_burst), second_(terms.second_burst) {}

    /// So many tokens of the committed rate and of the second rate have been made.
    void make(uint64_t committed, uint64_t second) {
        for (; committed != 0; --committed) {
            if (committed_ < terms_.committed_burst) {
                ++committed_;
            } else if (terms_.kind == Kind::single_rate && second_ < terms_.second_burst) {
                ++second_;
            }
        }
        if (terms_.kind != Kind::single_rate) {
            second_ = std::min(second_ + second, terms_.second_burst);
        }
    }
    Colour packet(uint64_t size, Colour before) {
        const uint64_t needed = terms_.unit == Unit::bytes ? size : 1;
        if (!terms_.colour_aware) {
            before = G;
        }
        switch (terms_.kind) {
            case Kind::two_rate:  // RFC 2698 3
                if (before == R || second_ < needed) {
                    return R;
                }
                second_ -= needed;
                if (before == Y || committed_ < needed) {
                    return Y;
                }
                committed_ -= needed;
                return G;
            case Kind::single_rate:     // RFC 2697 3
            case Kind::differentiated:  // RFC 4115 3
                if (before == G && committed_ >= needed) {
                    committed_ -= needed;
                    return G;
                }
                if (before != R && second_ >= needed) {
                    second_ -= needed;
                    return Y;
                }
                return R;
        }
        return R;
    }

private:
    const Terms terms_;
    uint64_t committed_;
    uint64_t second_;
};

struct Case {
    const char* what;
    Terms terms;
};
std::vector<Case> cases() {
    std::vector<Case> all;
    for (const bool aware : {false, true}) {
        for (const Unit unit : {Unit::bytes, Unit::packets}) {
            const uint64_t each = unit == Unit::bytes ? 1000 : 1;
            all.push_back(
                {"2697", {Kind::single_rate, unit, aware, 1000 * each, 20 * each, 0, 10 * each}});
            all.push_back({"2697 without excess",
                           {Kind::single_rate, unit, aware, 1000 * each, 20 * each, 0, 0}});
            all.push_back(
                {"2698",
                 {Kind::two_rate, unit, aware, 1000 * each, 20 * each, 3000 * each, 30 * each}});
            all.push_back({"4115",
                           {Kind::differentiated, unit, aware, 1000 * each, 20 * each, 500 * each,
                            7 * each}});
        }
    }
    return all;
}

/// Packets at random: in vectors of one to 256, of any length, now denser than the rates, now not.
TEST(Meter, DoesForEveryPacketWhatTheRfcSays) {
    // A clock in which both rates make a whole number of tokens each tick.
    for (const Case& test : cases()) {
        const uint64_t clocks = test.terms.unit == Unit::bytes ? 500'000 : 500;
        const uint64_t committed_each = test.terms.committed_rate / clocks;
        const uint64_t second_each = test.terms.second_rate / clocks;
        ASSERT_TRUE(check(test.terms).ok());
        std::mt19937 random(7);
        const Meter meter(test.terms, clocks);
        State state;
        Reference reference(test.terms);
        uint64_t now = 123'456'789'012;
        std::array<unsigned, colours> seen{};
        for (int round = 0; round < 1500; ++round) {
            const uint64_t pause = random() % 3 == 0
                                       ? random() % (clocks / 20)
                                       : random() % std::max<uint64_t>(clocks / 500, 2);
            now += pause;
            reference.make(pause * committed_each, pause * second_each);
            const size_t burst = std::array{1, 3, 8, 63, 256}.at(random() % 5);
            std::vector<uint32_t> bytes(burst);
            std::vector<Colour> colour(burst);
            std::vector<Colour> expected;
            Outcome sum;
            for (size_t i = 0; i < burst; ++i) {
                bytes[i] = 20 + random() % (random() % 4 == 0 ? 9000 : 100);
                colour[i] = Colour(random() % 5 < 3 ? 0 : random() % 3);
                expected.push_back(reference.packet(bytes[i], colour[i]));
                ++seen.at(size_t(expected.back()));
                sum.of[size_t(expected.back())].packets += 1;
                sum.of[size_t(expected.back())].bytes += bytes[i];
            }
            const Outcome outcome = meter.run(state, now, bytes, colour);
            if (outcome.all_green) {
                colour.assign(burst, G);
            }
            ASSERT_THAT(colour, ElementsAreArray(expected)) << test.what << " round " << round;
            for (size_t i = 0; i < colours; ++i) {
                ASSERT_EQ(outcome.of[i].packets, sum.of[i].packets);
                ASSERT_EQ(outcome.of[i].bytes, sum.of[i].bytes);
            }
        }
        EXPECT_GT(seen[0], 100U) << test.what;
        EXPECT_GT(seen[2], 100U) << test.what;
    }
}

/// One packet after the other at `now`, blind.
std::vector<Colour> burst_of(const Meter& meter, State& state, uint64_t now, size_t packets,
                             uint32_t bytes) {
    const std::vector<uint32_t> all(packets, bytes);
    std::vector<Colour> colour(packets, G);
    (void)meter.run(state, now, all, colour);
    return colour;
}

TEST(Meter, ExamplesOfTheRfcs) {
    constexpr uint64_t second = 1'000'000;
    // RFC 2697: 8 kbit/s, CBS 2000 bytes, EBS 1000.
    const Meter single({Kind::single_rate, Unit::bytes, false, 1000, 2000, 0, 1000}, second);
    State state;
    EXPECT_THAT(burst_of(single, state, second, 5, 1000), ElementsAre(G, G, Y, R, R));
    // A second makes a thousand bytes, which go to the first bucket; the second stays empty.
    EXPECT_THAT(burst_of(single, state, 2 * second, 2, 1000), ElementsAre(G, R));
    // Three fill the first, and the second with what is left over.
    EXPECT_THAT(burst_of(single, state, 5 * second, 4, 1000), ElementsAre(G, G, Y, R));
    // RFC 2698: twice the rate at its peak.
    const Meter two({Kind::two_rate, Unit::bytes, false, 1000, 1000, 2000, 3000}, second);
    State of_two;
    EXPECT_THAT(burst_of(two, of_two, second, 4, 1000), ElementsAre(G, Y, Y, R));
    EXPECT_THAT(burst_of(two, of_two, 2 * second, 4, 1000), ElementsAre(G, Y, R, R));
    // RFC 4115: what is green leaves the excess alone.
    const Meter beside({Kind::differentiated, Unit::packets, false, 10, 2, 10, 1}, second);
    State of_beside;
    EXPECT_THAT(burst_of(beside, of_beside, second, 4, 1), ElementsAre(G, G, Y, R));
    EXPECT_THAT(burst_of(beside, of_beside, second + second / 10, 3, 1), ElementsAre(G, Y, R));
}

/// So many bytes pass in the long run, at rates from the least to the most.
TEST(Meter, KeepsTheRateFromTheLeastToTheMost) {
    constexpr uint64_t second = 2'300'000'000;
    struct Rate {
        Unit unit;
        uint64_t rate;
        uint64_t seconds;
    };
    for (const Rate& rate :
         {Rate{Unit::bytes, least_bytes_per_second, 1000},
          Rate{Unit::packets, least_packets_per_second, 20'000},
          Rate{Unit::bytes, 1'250'000'000, 1}, Rate{Unit::bytes, most_bytes_per_second, 1},
          Rate{Unit::packets, most_packets_per_second, 1}}) {
        const bool by_bytes = rate.unit == Unit::bytes;
        const uint64_t burst = std::max<uint64_t>(rate.rate / 1000, by_bytes ? 10'000 : 1);
        const Meter meter({Kind::single_rate, rate.unit, false, rate.rate, burst, 0, 0}, second);
        State state;
        uint64_t passed = 0;
        constexpr int steps = 20'000;
        for (int i = 0; i <= steps; ++i) {
            const uint64_t now = 77 * second + second / steps * i * rate.seconds;
            // More than is made in a step.
            const uint64_t made = rate.rate * rate.seconds / steps + 1;
            const auto size = uint32_t(by_bytes ? std::clamp<uint64_t>(made / 100, 1, 60'000) : 1);
            const std::vector<uint32_t> bytes(std::min<uint64_t>(256, 1 + 2 * made / size), size);
            std::vector<Colour> colour(bytes.size());
            const Outcome outcome = meter.run(state, now, bytes, colour);
            passed += by_bytes ? outcome.of[0].bytes : outcome.of[0].packets;
        }
        const uint64_t most = rate.rate * rate.seconds + burst;
        EXPECT_LE(passed, most + 1) << rate.rate;
        if (by_bytes || rate.rate < 1'000'000) {
            EXPECT_GE(passed, most - most / 100) << rate.rate;
        }
    }
}

TEST(Meter, APreviewTakesNothing) {
    const Meter meter({Kind::two_rate, Unit::packets, false, 1, 1, 1, 2}, 1000);
    State state;
    const std::vector<uint32_t> bytes(3, 60);
    for (int i = 0; i < 3; ++i) {
        std::vector<Colour> colour(3);
        (void)meter.preview(state, 5000, bytes, colour);
        EXPECT_THAT(colour, ElementsAre(G, Y, R));
        EXPECT_TRUE(meter.is_idle(state, 5000));
    }
    (void)burst_of(meter, state, 5000, 1, 60);
    EXPECT_FALSE(meter.is_idle(state, 5000));
    EXPECT_TRUE(meter.is_idle(state, 7000));
}

TEST(Meter, AllWorkersTogetherPassNoMore) {
    for (const Case& test : cases()) {
        if (test.terms.colour_aware) {
            continue;
        }
        const Meter meter(test.terms, 1'000'000);
        State state;
        // No time passes: what is in the buckets is all there is.
        std::atomic<uint64_t> green{0};
        std::atomic<uint64_t> yellow{0};
        const auto worker = [&] {
            const std::vector<uint32_t> bytes(16, 1000);
            for (int i = 0; i < 2000; ++i) {
                std::vector<Colour> colour(bytes.size());
                const Outcome outcome = meter.run(state, 1'000'000, bytes, colour);
                green += outcome.of[0].packets;
                yellow += outcome.of[1].packets;
            }
        };
        std::thread one(worker);
        std::thread two(worker);
        one.join();
        two.join();
        EXPECT_LE(green.load(), 20U) << test.what;
        const uint64_t both = test.terms.kind == Kind::two_rate
                                  ? test.terms.second_burst
                                  : test.terms.committed_burst + test.terms.second_burst;
        EXPECT_LE((green + yellow) * (test.terms.unit == Unit::bytes ? 1000 : 1), both)
            << test.what;
        EXPECT_GT(green.load(), 0U);
    }
}

TEST(Terms, AreCheckedWithASentence) {
    const auto refusal = [](const Terms& terms) { return std::string(check(terms).message()); };
    EXPECT_EQ(refusal({Kind::single_rate, Unit::bytes, false, 999, 1, 0, 0}),
              "a committed rate of 999 bytes a second is out of range; give 1000 to 50000000000");
    EXPECT_EQ(refusal({Kind::single_rate, Unit::packets, false, 0, 1, 0, 0}),
              "a committed rate of 0 packets a second is out of range; give 1 to 1000000000");
    EXPECT_EQ(refusal({Kind::single_rate, Unit::packets, false, 10, 0, 0, 0}),
              "a committed burst of 0 packets is out of range; give 1 to 1099511627776");
    EXPECT_THAT(refusal({Kind::single_rate, Unit::packets, false, 10, 1, 10, 0}),
                HasSubstr("has no second rate"));
    EXPECT_THAT(refusal({Kind::two_rate, Unit::packets, false, 10, 1, 9, 1}),
                HasSubstr("the peak rate 9 is below the committed rate 10"));
    EXPECT_THAT(refusal({Kind::differentiated, Unit::packets, false, 10, 1, 0, 1}),
                HasSubstr("an excess rate of 0"));
    EXPECT_TRUE(check({Kind::differentiated, Unit::packets, false, 10, 1, 9, 1}).ok());
}

}  // namespace
}  // namespace vnet::meter
