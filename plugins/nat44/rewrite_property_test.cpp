// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>

#include "plugins/nat44/icmp_error.hpp"
#include "plugins/nat44/rewrite_samples.hpp"

namespace nat44 {
namespace {

using namespace samples;
using vnet::wire::Ip4Address;

/// Numbers that make carries and zeros likely.
class Random {
public:
    uint32_t operator()(uint32_t most) {
        return std::uniform_int_distribution<uint32_t>(0, most)(engine_);
    }
    uint16_t word() {
        constexpr uint16_t edges[] = {0, 1, 0xff, 0xff00, 0x7fff, 0x8000, 0xfffe, 0xffff};
        return (*this)(2) == 0 ? edges[(*this)(7)] : uint16_t((*this)(0xffff));
    }
    Ip4Address address() { return Ip4Address(uint32_t{word()} << 16 | word()); }
    Endpoint endpoint() { return {address(), Be16(word())}; }
    Tuple tuple() { return {endpoint(), endpoint()}; }
    Bytes payload() {
        Bytes bytes((*this)(60));
        const uint32_t most = (*this)(3) == 0 ? 0 : 255;
        for (std::byte& byte : bytes) {
            byte = std::byte((*this)(most));
        }
        return bytes;
    }

private:
    std::mt19937 engine_{1624};
};

TEST(Translation, GivesWhatTheOtherTupleWouldHaveAndComesBack) {
    Random random;
    const auto samples = samples::samples();
    for (int i = 0; i < 60000; ++i) {
        const Sample& sample = samples[random(uint32_t(samples.size()) - 1)];
        const Tuple from = random.tuple();
        const Tuple to = random.tuple();
        const Bytes payload = random.payload();
        const Bytes before = sample.make(from, payload);
        Bytes bytes = before;
        const auto [ip, l4] = parts(bytes);
        if (l4.size() < sample.least) {
            continue;
        }
        ASSERT_TRUE(translate<Side::both>(ip, l4, to));
        ASSERT_EQ(bytes, sample.make(to, payload)) << sample.what;
        ASSERT_TRUE(translate<Side::source>(ip, l4, from));
        ASSERT_TRUE(translate<Side::destination>(ip, l4, from));
        ASSERT_EQ(bytes, before) << sample.what;
    }
}

TEST(IcmpError, GivesWhatTheOtherTupleWouldHaveAndComesBack) {
    Random random;
    const auto samples = samples::samples();
    for (int i = 0; i < 60000; ++i) {
        const Sample& sample = samples[random(uint32_t(samples.size()) - 1)];
        const Tuple from = random.tuple();
        const Tuple to = random.tuple();
        const Bytes payload = random.payload();
        const Ip4Address reporter = random.address();
        const Ip4Address reporter_after = random.address();
        const uint32_t length = random(120);
        constexpr uint8_t types[] = {3, 4, 11, 12};
        const uint8_t type = types[random(3)];
        const uint32_t rest = random(~uint32_t{0});
        const auto make = [&](Ip4Address source, const Tuple& tuple) {
            const Bytes quote = quoted(sample.make(tuple, payload), length);
            return packet()
                .ip4(source, tuple.source.address)
                .icmp(type, 0, rest)
                .payload(quote)
                .bytes();
        };
        const Bytes before = make(reporter, from);
        Bytes bytes = before;
        const auto [ip, l4] = parts(bytes);
        const Quote quote = read_quote(ip, l4);
        const bool done = translate_error(ip, l4, reporter_after, to);
        ASSERT_EQ(done, quote.fault == QuoteFault::none) << name(quote.fault);
        if (!done) {
            ASSERT_EQ(quote.fault, QuoteFault::truncated);
            ASSERT_EQ(bytes, before);
            continue;
        }
        ASSERT_EQ(bytes, make(reporter_after, to)) << sample.what;
        ASSERT_TRUE(translate_error(ip, l4, reporter, from));
        ASSERT_EQ(bytes, before) << sample.what;
    }
}

}  // namespace
}  // namespace nat44
