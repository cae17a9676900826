// SPDX-License-Identifier: Apache-2.0
#include "vnet/classify/classifier.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "graph/testing/bench.hpp"

namespace vnet::classify {
namespace {

using fragment::Ports;
using wire::Ip4Address;
using wire::Ip6Address;

template <class Family>
struct Subject {
    typename Family::Header ip;
    Ports ports;
    graph::Metadata meta;

    uint8_t priority() const { return uint8_t(meta.flags >> 13); }
    uint32_t mark() const { return meta.treatment >> graph::treatment::mark_shift; }
    Key<Family> key() const { return Key<Family>::of(ip, ports, meta); }
};

/// One rule after the other.
template <class Family>
uint32_t first(const std::vector<Rule<Family>>& rules, const Subject<Family>& subject) {
    const auto matches = [&](const Rule<Family>& rule) {
        const bool known = subject.ports.has(fragment::ports_flag::known);
        return (!rule.from || rule.from->contains(subject.ip.source)) &&
               (!rule.to || rule.to->contains(subject.ip.destination)) &&
               (!rule.protocol || *rule.protocol == subject.ports.protocol) &&
               (!rule.source_ports ||
                (known && rule.source_ports->contains(subject.ports.source))) &&
               (!rule.destination_ports ||
                (known && rule.destination_ports->contains(subject.ports.destination))) &&
               (!rule.dscp || *rule.dscp == subject.ip.dscp()) &&
               (!rule.priority || *rule.priority == subject.priority()) &&
               (!rule.rx_interface || *rule.rx_interface == subject.meta.rx_interface) &&
               (!rule.mark || *rule.mark == subject.mark());
    };
    const auto found = std::find_if(rules.begin(), rules.end(), matches);
    return found == rules.end() ? Classifier<Family>::none : uint32_t(found - rules.begin());
}

/// Few values, so that rules match often and overlap.
class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}
    uint32_t below(uint32_t bound) { return uint32_t(engine_() % bound); }
    template <class Family>
    typename Family::Address address() {
        const uint32_t low = below(4) << 8 | below(4) | below(3) << 30;
        if constexpr (std::is_same_v<Family, Ip4>) {
            return Ip4Address(low);
        } else {
            return Ip6Address(0x2001'0db8'0000'0000 | below(3) << 16 | below(2),
                              uint64_t(below(2)) << 63 | low);
        }
    }
    template <class Family>
    typename Family::Prefix prefix() {
        return typename Family::Prefix(address<Family>(),
                                       uint8_t(below(sizeof(typename Family::Address) * 8 + 1)))
            .normalised();
    }
    uint16_t port() { return uint16_t(below(8) * 9362); }
    template <class Family>
    Rule<Family> rule(uint32_t asked) {
        Rule<Family> rule;
        // Which fields any rule asks for is the set's affair; which this one does is its own.
        const auto asks = [&](unsigned bit) { return (asked >> bit & 1) != 0 && below(3) == 0; };
        if (asks(0)) {
            rule.from = prefix<Family>();
        }
        if (asks(1)) {
            rule.to = prefix<Family>();
        }
        if (asks(2)) {
            rule.protocol = below(2) == 0 ? 6 : 17;
        }
        const auto range = [&] {
            const auto [low, high] = std::minmax({port(), port()});
            return wire::PortRange{low, high};
        };
        if (asks(3)) {
            rule.source_ports = range();
        }
        if (asks(4)) {
            rule.destination_ports = range();
        }
        if (asks(5)) {
            rule.dscp = uint8_t(below(4) * 21);
        }
        if (asks(6)) {
            rule.priority = uint8_t(below(8));
        }
        if (asks(7)) {
            rule.rx_interface = 1 + below(3) * 300;
        }
        if (asks(8)) {
            rule.mark = below(3) * 0x3f'00ff;
        }
        return rule;
    }
    template <class Family>
    Subject<Family> subject() {
        Subject<Family> made{};
        made.ip.source = address<Family>();
        made.ip.destination = address<Family>();
        made.ip.set_dscp(uint8_t(below(4) * 21));
        made.ports.protocol = below(2) == 0 ? 6 : 17;
        if (below(4) != 0) {
            made.ports.source = port();
            made.ports.destination = port();
            made.ports.flags = fragment::ports_flag::known;
        }
        made.ports.flags |= below(2) == 0 ? fragment::ports_flag::fragment : 0;
        made.meta.flags = uint16_t(below(16) << 12 | below(64));
        made.meta.rx_interface = 1 + below(3) * 300;
        made.meta.treatment = below(3) * 0x3f'00ff << 9 | below(512);
        return made;
    }

private:
    std::mt19937 engine_;
};

template <class Family>
class ClassifierTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() { graph::testing::start_eal(); }
};
using Families = ::testing::Types<Ip4, Ip6>;
TYPED_TEST_SUITE(ClassifierTest, Families);

TYPED_TEST(ClassifierTest, FindsTheFirstRuleThatMatches) {
    Random random(11);
    unsigned found_some = 0;
    unsigned found_none = 0;
    for (int round = 0; round < 60; ++round) {
        std::vector<Rule<TypeParam>> rules;
        const uint32_t asked = random.below(10) == 0 ? 0x1ff : random.below(0x200);
        for (uint32_t i = 1 + random.below(40); i != 0; --i) {
            Rule<TypeParam> rule = random.template rule<TypeParam>(asked);
            // One that matches all would make most of the others useless.
            if (rules.empty() || asked == 0 || rule.from || rule.to || rule.mark || rule.dscp) {
                rules.push_back(rule);
            }
        }
        if (rules.size() > 1) {
            std::rotate(rules.begin(), rules.begin() + 1, rules.end());
        }
        const auto made = Classifier<TypeParam>::compile(rules);
        ASSERT_TRUE(made.ok()) << made.status();
        for (const unsigned burst : graph::testing::Bench::bursts) {
            std::vector<Subject<TypeParam>> subjects;
            std::vector<Key<TypeParam>> keys;
            for (unsigned i = 0; i < burst; ++i) {
                subjects.push_back(random.template subject<TypeParam>());
                keys.push_back(subjects.back().key());
            }
            std::vector<uint32_t> found(burst);
            (*made)->find(keys, found);
            for (unsigned i = 0; i < burst; ++i) {
                const uint32_t expected = first(rules, subjects[i]);
                ASSERT_EQ(found[i], expected) << round << " " << asked;
                ++(expected == Classifier<TypeParam>::none ? found_none : found_some);
            }
        }
    }
    EXPECT_GT(found_some, 3'000U);
    EXPECT_GT(found_none, 1'000U);
}

TYPED_TEST(ClassifierTest, SaysWhatItAsksFor) {
    Rule<TypeParam> rule;
    rule.dscp = 46;
    EXPECT_FALSE((*Classifier<TypeParam>::compile(std::span(&rule, 1)))->asks_for_upper());
    rule.protocol = 17;
    EXPECT_TRUE((*Classifier<TypeParam>::compile(std::span(&rule, 1)))->asks_for_upper());
}

TYPED_TEST(ClassifierTest, RefusesInASentence) {
    const auto refusal = [](size_t count) {
        const std::vector<Rule<TypeParam>> rules(count);
        return std::string(Classifier<TypeParam>::compile(rules).status().message());
    };
    const size_t most = Classifier<TypeParam>::most_rules;
    EXPECT_EQ(refusal(0), fmt::format("0 rules cannot be compiled; give 1 to {}", most));
    EXPECT_EQ(refusal(most + 1),
              fmt::format("{} rules cannot be compiled; give 1 to {}", most + 1, most));
}

/// Several live at a time, as while one takes the place of another.
TYPED_TEST(ClassifierTest, AreEachTheirOwn) {
    Random random(3);
    std::vector<std::unique_ptr<const Classifier<TypeParam>>> made;
    for (uint8_t dscp = 0; dscp < 64; dscp += 21) {
        Rule<TypeParam> rule;
        rule.dscp = dscp;
        made.push_back(*Classifier<TypeParam>::compile(std::span(&rule, 1)));
    }
    for (int i = 0; i < 100; ++i) {
        const auto subject = random.template subject<TypeParam>();
        const Key<TypeParam> key = subject.key();
        for (size_t n = 0; n < made.size(); ++n) {
            uint32_t found = 7;
            made[n]->find(std::span(&key, 1), std::span(&found, 1));
            EXPECT_EQ(found == 0, subject.ip.dscp() == n * 21);
        }
    }
}

}  // namespace
}  // namespace vnet::classify
