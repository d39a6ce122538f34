"""Who gets which answer where: one line for each address, one sign for each role, first for GET, then for POST.

o it is shown or done; g done, and led on; s led to the sign-in; p led to the page that asks for number and proof;
1 not known (401); 3 not allowed; 4 not there for this reader; 5 no such method; 9 not now; 2 let in, and the form is wrong;
b not readable; n nothing to say. The roles in their order; `other` is a resident who has proved another order, `...2` and
`...3` sit elsewhere:
"""

ROLES = (
    "anonymous", "owner", "other", "community", "community3", "recorder", "dispatcher", "dispatcher2", "handler", "handler2",
    "checker", "supervisor", "operator",
)  # fmt: skip
MAY_BE_ABSENT = ("dev/outbox",)  # stands in a demonstration only

_ROWS = """
/                                                  ooooooooooooo  5555555555555
account/                                           sssoooooooooo  5555555555555
account/devices/<pk>/ending/                       5555555555555  111gggggggggg
account/devices/ending/                            5555555555555  111gggggggggg
account/factors/<pk>/removal/                      5555555555555  111ssssssssss
account/factors/new/                               sssssssssssss  111ssssssssss
account/recovery/                                  sssssssssssss  111ssssssssss
api/v1/                                            4444444444444  4444444444444
api/v1/categories                                  ooooooooooooo  5555555555555
api/v1/docs                                        ooooooooooooo  ooooooooooooo
api/v1/openapi.json                                ooooooooooooo  ooooooooooooo
api/v1/orders                                      1oooooooooooo  233o3oo333333
api/v1/orders/<number>                             1o4o44o4o4oo4  5555555555555
api/v1/orders/<number>/acceptance                  5555555555555  134o44o444334
api/v1/orders/<number>/call-back                   5555555555555  1343443434o34
api/v1/orders/<number>/check                       5555555555555  1343443434o34
api/v1/orders/<number>/classification              5555555555555  134o44o444334
api/v1/orders/<number>/contact                     5555555555555  134o4434o4334
api/v1/orders/<number>/dispatching                 5555555555555  134344o444334
api/v1/orders/<number>/dispute                     5555555555555  13434434o4334
api/v1/orders/<number>/escalation                  5555555555555  134344o4443o4
api/v1/orders/<number>/extension                   5555555555555  13434434o4334
api/v1/orders/<number>/fact                        5555555555555  1o43443434334
api/v1/orders/<number>/forwarding                  5555555555555  134o44o444334
api/v1/orders/<number>/handling                    5555555555555  134o443444334
api/v1/orders/<number>/identity                    5555555555555  134o44o4o4o34
api/v1/orders/<number>/information                 5555555555555  1o43443444334
api/v1/orders/<number>/merging                     5555555555555  134o44o444334
api/v1/orders/<number>/message                     5555555555555  1o4o4434o4334
api/v1/orders/<number>/photo                       5555555555555  1o4o4434o4334
api/v1/orders/<number>/photos                      1o4o44o4o4oo4  1o4o4434o4334
api/v1/orders/<number>/photos/<photo>              1o4o44o4o4oo4  5555555555555
api/v1/orders/<number>/question                    5555555555555  134o44o444334
api/v1/orders/<number>/rating                      5555555555555  1o43443434334
api/v1/orders/<number>/reader                      5555555555555  ooooooooooooo
api/v1/orders/<number>/refusal                     5555555555555  134o44o444334
api/v1/orders/<number>/reopening                   5555555555555  1o43443434334
api/v1/orders/<number>/reply                       5555555555555  13434434o4334
api/v1/orders/<number>/reply-return                5555555555555  1343443434o34
api/v1/orders/<number>/resumption                  5555555555555  134344o4o43o4
api/v1/orders/<number>/return                      5555555555555  134344o444334
api/v1/orders/<number>/reveals                     13434434343o4  13434434343o4
api/v1/orders/<number>/reveals/<reveal>/approval   5555555555555  13434434343o4
api/v1/orders/<number>/reveals/<reveal>/declining  5555555555555  13434434343o4
api/v1/orders/<number>/ruling                      5555555555555  13434434343o4
api/v1/orders/<number>/signing                     5555555555555  13434434o4334
api/v1/orders/<number>/start                       5555555555555  13434434o4334
api/v1/orders/<number>/supervision                 5555555555555  13434434343o4
api/v1/orders/<number>/support                     5555555555555  134344o4o4334
api/v1/orders/<number>/support-answer              5555555555555  134344343o334
api/v1/orders/<number>/suspension                  5555555555555  134344o4343o4
api/v1/orders/<number>/urging                      5555555555555  1o43443434334
api/v1/orders/<number>/withdrawal                  5555555555555  1o43443434334
api/v1/units                                       ooooooooooooo  5555555555555
desk/                                              sssoooooooooo  5555555555555
desk/checks/                                       sss3333333o33  5555555555555
desk/community/                                    sssoo33333333  5555555555555
desk/deputies/                                     sssoooooooooo  1112222222222
desk/deputies/<seat_id>/end/                       5555555555555  11144444g4444
desk/dispatch/                                     sss333oo33333  5555555555555
desk/disputes/                                     sss33333333o3  5555555555555
desk/figures/                                      sssoo3oooooo3  5555555555555
desk/find/                                         sssgggggggggg  5555555555555
desk/inbox/                                        sssoo333oo333  5555555555555
desk/orders/                                       sssoooooooooo  5555555555555
desk/orders/<number>/                              ssso44o4o4oo4  5555555555555
desk/orders/<number>/acceptance/                   5555555555555  111g44g444334
desk/orders/<number>/call-back/                    5555555555555  1113443434g34
desk/orders/<number>/check/                        5555555555555  1113443434g34
desk/orders/<number>/classification/               5555555555555  111g44g444334
desk/orders/<number>/contact-reading/              5555555555555  111o44o4o4o34
desk/orders/<number>/contact/                      5555555555555  111g4434g4334
desk/orders/<number>/dispatching/                  5555555555555  111344g444334
desk/orders/<number>/dispute/                      5555555555555  11134434g4334
desk/orders/<number>/escalation/                   5555555555555  111344g4443g4
desk/orders/<number>/extension/                    5555555555555  11134434g4334
desk/orders/<number>/fact/                         5555555555555  1113443434334
desk/orders/<number>/forwarding/                   5555555555555  111g44g444334
desk/orders/<number>/handling/                     5555555555555  111g443444334
desk/orders/<number>/information/                  5555555555555  1113443444334
desk/orders/<number>/merging/                      5555555555555  111g44g444334
desk/orders/<number>/message/                      5555555555555  111g4434g4334
desk/orders/<number>/photo/                        5555555555555  111g4434g4334
desk/orders/<number>/photos/<photo_id>/            ssso44o4o4oo4  5555555555555
desk/orders/<number>/photos/<photo_id>/small/      ssso44o4o4oo4  5555555555555
desk/orders/<number>/print/                        ssso44o4o4oo4  5555555555555
desk/orders/<number>/presence/                     5555555555555  111n44n4n4nn4
desk/orders/<number>/question/                     5555555555555  111g44g444334
desk/orders/<number>/rating/                       5555555555555  1113443434334
desk/orders/<number>/refusal/                      5555555555555  111g44g444334
desk/orders/<number>/reopening/                    5555555555555  1113443434334
desk/orders/<number>/reply-return/                 5555555555555  1113443434g34
desk/orders/<number>/reply/                        5555555555555  11134434g4334
desk/orders/<number>/resumption/                   5555555555555  111344g4g43g4
desk/orders/<number>/return/                       5555555555555  111344g444334
desk/orders/<number>/reveal/                       5555555555555  11134434343g4
desk/orders/<number>/ruling/                       5555555555555  11134434343g4
desk/orders/<number>/signing/                      5555555555555  11134434g4334
desk/orders/<number>/start/                        5555555555555  11134434g4334
desk/orders/<number>/supervision/                  5555555555555  11134434343g4
desk/orders/<number>/support-answer/               5555555555555  111344343g334
desk/orders/<number>/support/                      5555555555555  111344g4g4334
desk/orders/<number>/suspension/                   5555555555555  111344g4343g4
desk/orders/<number>/urging/                       5555555555555  1113443434334
desk/orders/<number>/withdrawal/                   5555555555555  1113443434334
desk/overdue/                                      sss333oo333o3  5555555555555
desk/record/                                       sssooooo33333  1112222233333
desk/record/receipt/                               sss4444444444  5555555555555
desk/reveals/                                      sss33333333o3  5555555555555
desk/reveals/<reveal_id>/approval/                 5555555555555  11134434343g4
desk/reveals/<reveal_id>/declining/                5555555555555  11134434343g4
govern/                                            sss333333333o  5555555555555
govern/<name>/                                     sss333333333o  5555555555555
govern/<name>/<pk>/                                sss333333333o  5555555555555
govern/<name>/<pk>/change/                         sss333333333o  1113333333332
govern/<name>/<pk>/ending/                         sss333333333o  1113333333332
govern/<name>/<pk>/taking-back/                    sss3333333339  1113333333339
govern/<name>/export/                              sss333333333o  5555555555555
govern/<name>/import/                              sss333333333o  1113333333332
govern/<name>/new/                                 sss333333333o  1113333333332
govern/calendar/<year>/                            sss333333333o  5555555555555
govern/calendar/<year>/<month>/<day>/              sss333333333o  1113333333332
govern/calendar/<year>/sync/                       sss333333333o  111333333333o
govern/people/                                     sss333333333o  5555555555555
govern/people/<handle>/                            sss333333333o  5555555555555
govern/people/<handle>/password/                   5555555555555  111333333333o
govern/people/<handle>/second/                     5555555555555  111333333333g
govern/seats/<pk>/deputy/                          sss333333333o  1113333333332
govern/seats/<pk>/ending/                          sss333333333o  1113333333332
govern/units/                                      sss333333333g  5555555555555
govern/units/<code>/                               sss333333333o  5555555555555
govern/units/<code>/change/                        sss333333333o  1113333333332
govern/units/<code>/ending/                        sss333333333o  1113333333332
govern/units/<code>/new/                           sss333333333o  1113333333332
govern/units/<code>/people/new/                    sss333333333o  1113333333332
govern/units/<code>/seats/new/                     sss333333333o  1113333333332
govern/units/export/                               sss333333333o  5555555555555
govern/units/import/                               sss333333333o  1113333333332
healthz                                            ooooooooooooo  ooooooooooooo
my/sign-in/                                        ooooooooooooo  2222222222222
password/reset/                                    ooooooooooooo  2222222222222
password/set/<uidb64>/<token>/                     ooooooooooooo  ooooooooooooo
preferences/                                       ooooooooooooo  ggggggggggggg
readyz                                             ooooooooooooo  ooooooooooooo
receipt/                                           poopppppppppp  5555555555555
report/                                            ooooooooooooo  2222222222222
report/check/                                      ggggggggggggg  ggggggggggggg
report/clear/                                      5555555555555  ggggggggggggg
report/emergency/                                  ggggggggggggg  ggggggggggggg
report/more/                                       ggggggggggggg  ggggggggggggg
report/photo/<photo>/                              4444444444444  5555555555555
report/where/                                      ggggggggggggg  ggggggggggggg
sign-in/                                           ooooooooooooo  2222222222222
sign-in/second/                                    sssssssssssss  sssssssssssss
sign-in/setup/                                     sssssssssssss  sssssssssssss
sign-out/                                          ooooooooooooo  ggggggggggggg
t/<signed>/                                        ggggggggggggg  5555555555555
track/                                             ooooooooooooo  2222222222222
track/leave/                                       5555555555555  ggggggggggggg
track/order/                                       poopppppppppp  5555555555555
track/order/acceptance/                            4444444444444  4444444444444
track/order/call-back/                             4444444444444  4444444444444
track/order/check/                                 4444444444444  4444444444444
track/order/classification/                        4444444444444  4444444444444
track/order/contact/                               4444444444444  4444444444444
track/order/dispatching/                           4444444444444  4444444444444
track/order/dispute/                               4444444444444  4444444444444
track/order/escalation/                            4444444444444  4444444444444
track/order/extension/                             4444444444444  4444444444444
track/order/fact/                                  ggggggggggggg  pgppppppppppp
track/order/forwarding/                            4444444444444  4444444444444
track/order/handling/                              4444444444444  4444444444444
track/order/information/                           ggggggggggggg  pgppppppppppp
track/order/merging/                               4444444444444  4444444444444
track/order/message/                               ggggggggggggg  pgppppppppppp
track/order/photo/                                 ggggggggggggg  pgppppppppppp
track/order/question/                              4444444444444  4444444444444
track/order/rating/                                pggpppppppppp  pgppppppppppp
track/order/refusal/                               4444444444444  4444444444444
track/order/reopening/                             ggggggggggggg  pgppppppppppp
track/order/reply-return/                          4444444444444  4444444444444
track/order/reply/                                 4444444444444  4444444444444
track/order/resumption/                            4444444444444  4444444444444
track/order/return/                                4444444444444  4444444444444
track/order/ruling/                                4444444444444  4444444444444
track/order/signing/                               4444444444444  4444444444444
track/order/start/                                 4444444444444  4444444444444
track/order/supervision/                           4444444444444  4444444444444
track/order/support-answer/                        4444444444444  4444444444444
track/order/support/                               4444444444444  4444444444444
track/order/suspension/                            4444444444444  4444444444444
track/order/urging/                                ggggggggggggg  pgppppppppppp
track/order/withdrawal/                            ggggggggggggg  pgppppppppppp
track/photo/<photo>/                               4o44444444444  5555555555555
track/photo/<photo>/small/                         4o44444444444  5555555555555
dev/outbox                                         ooooooooooooo  ooooooooooooo
"""


def _table() -> dict[tuple[str, str], str]:
    found = {}
    for line in _ROWS.strip().splitlines():
        route, *signs = line.split()
        for method, row in zip(("GET", "POST"), signs, strict=True):
            found[method, "" if route == "/" else route] = row
    return found


TABLE = _table()
