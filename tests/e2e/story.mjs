// A story is told in steps, by one person and in order; a step that fails leaves a picture.

import { after, before, describe, it } from 'node:test';

import assert from 'node:assert/strict';

import { Person } from './person.mjs';
import { world } from './world.mjs';

const SECONDS = 90;

export function story(title, tell, { begin = async () => {}, end = async () => {}, ...options } = {}) {
  describe(title, () => {
    const teller = {};
    before(async () => {
      await begin();
      teller.person = await Person.arrive(options);
      await teller.person.signIn();
    });
    after(async () => {
      await teller.person?.leave();
      await end();
    });

    let broken = false;
    let steps = 0;
    tell((name, act) => {
      steps += 1;
      const file = `${world.folder}/failed-${title}-${steps}.png`.replaceAll(' ', '_');
      it(name, { timeout: SECONDS * 1000 }, async () => {
        assert.ok(!broken, 'an earlier step failed');
        try {
          await act(teller.person);
        } catch (error) {
          broken = true;
          await teller.person.page.screenshot({ path: file });
          throw error;
        }
      });
    });
    it('leaves no error in the console of the browser', () => {
      assert.deepEqual(teller.person.complaints, []);
    });
  });
}
