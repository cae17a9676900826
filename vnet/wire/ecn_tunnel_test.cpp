// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/ecn_tunnel.hpp"

#include <gtest/gtest.h>

namespace vnet::wire {
namespace {

constexpr Ecn none = Ecn::not_capable;
constexpr Ecn ect0 = Ecn::capable_0;
constexpr Ecn ect1 = Ecn::capable_1;
constexpr Ecn ce = Ecn::congested;

TEST(EcnTunnel, TheOuterHeaderSaysWhatTheInnerOneDoes) {
    for (const Ecn inner : {none, ect0, ect1, ce}) {
        EXPECT_EQ(ecn_into_tunnel(inner), inner);
    }
}

TEST(EcnTunnel, ComesOutAsTheTableOfRfc6040Says) {
    struct Row {
        Ecn inner;
        /// By the outer field: none, ECT(0), ECT(1), CE.
        std::optional<Ecn> out[4];
    };
    const Row rows[] = {
        {none, {none, none, none, std::nullopt}},
        {ect0, {ect0, ect0, ect1, ce}},
        {ect1, {ect1, ect1, ect1, ce}},
        {ce, {ce, ce, ce, ce}},
    };
    const Ecn outer[] = {none, ect0, ect1, ce};
    for (const Row& row : rows) {
        for (unsigned i = 0; i < 4; ++i) {
            EXPECT_EQ(ecn_out_of_tunnel(row.inner, outer[i]), row.out[i])
                << unsigned(row.inner) << " in " << unsigned(outer[i]);
        }
    }
}

}  // namespace
}  // namespace vnet::wire
