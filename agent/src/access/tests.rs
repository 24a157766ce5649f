use super::*;

#[test]
fn each_role_may_do_what_it_is_for_and_no_more() {
    let may = |access: Access| {
        [access.look().is_ok(), access.mark().is_ok(), access.operate("budgets", "nobody knows who asks").is_ok()]
    };
    assert_eq!(may(Access::Local), [true, true, true]);
    assert_eq!(may(Access::Insecure), [true, true, false]);
    assert_eq!(may(Access::As(Role::Operator)), [true, true, true]);
    assert_eq!(may(Access::As(Role::Viewer)), [true, false, false]);
    assert_eq!(may(Access::As(Role::Hub)), [true, true, true]);
    assert_eq!(may(Access::As(Role::Agent)), [false, false, false]);
}
