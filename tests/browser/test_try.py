import pytest
from tests.layers.L10.planned import planned
pytestmark = pytest.mark.anyio
async def test_shots(browser, url, l01_local):
    there = await planned(l01_local)
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    tab = await context.new_page()
    for name, path in {"over":"/","goal":f"/goals/{there.goal}","plan":f"/plans/{there.plan}","lineage":f"/lineage/goal/{there.goal}"}.items():
        await tab.goto(f"{url}{path}")
        await tab.screenshot(path=f"/tmp/w/pages_shots/{name}-phone.png", full_page=True)
        print(path, await tab.evaluate("[...document.querySelectorAll('body *')].filter(e=>e.getBoundingClientRect().right>391 && !e.closest('svg')).slice(0,8).map(e=>e.tagName+'.'+e.className+'#'+e.id+' '+Math.round(e.getBoundingClientRect().right))"))
