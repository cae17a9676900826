// SPDX-License-Identifier: Apache-2.0
#include "vnet/fib/groups_body.hpp"
#include "vnet/ip4/fib.hpp"
#include "vnet/ip6/fib.hpp"

namespace vnet::fib {

std::string_view name(MemberState state) {
    switch (state) {
        case MemberState::used:
            return "used";
        case MemberState::no_way:
            return "no-way";
        case MemberState::link_down:
            return "link-down";
        case MemberState::unresolved:
            return "unresolved";
    }
    return {};
}

}  // namespace vnet::fib

template class vnet::fib::Groups<vnet::ip4::Family>;
template class vnet::fib::Groups<vnet::ip6::Family>;
